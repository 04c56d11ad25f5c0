import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Route } from './answer';
import { Rendering } from './rendering';

/** One page without anything from elsewhere; all that it shows it asks of `/api/v1`, as anybody may. */
const FILE = join(__dirname, '..', '..', 'etc', 'dashboard.html');

/** `/`: what goes on, for people. */
export function dashboardRoutes(startedSeconds: number): Route[] {
  const page = readFileSync(FILE, 'utf8');
  const rendering = new Rendering(page, startedSeconds);
  const headers = { 'Content-Security-Policy': policyOf(page) };
  const type = 'text/html; charset=utf-8';
  return [{ path: '/', handle: () => ({ kind: 'body', status: 200, type, rendering, cached: true, headers }) }];
}

/** Just this style and this script run, and talk to nobody but us. */
function policyOf(page: string): string {
  return [
    "default-src 'none'",
    `style-src ${hashOf(page, 'style')}`,
    `script-src ${hashOf(page, 'script')}`,
    "connect-src 'self'",
    'img-src data:',
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function hashOf(page: string, name: string): string {
  const text = new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(page)![1]!;
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
