import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Route } from './answer';
import { Rendering } from './rendering';

const FOLDER = join(__dirname, '..', '..', 'etc', 'dashboard');
/** Later ones use what is in earlier ones. */
const SCRIPTS = ['dom.js', 'changes.js', 'nodes.js', 'requests.js', 'images.js', 'main.js'];

/** `/`: what goes on, for people. One page, without anything from elsewhere; all that it shows it asks of `/api/v1`, as anybody may. */
export function dashboardRoutes(startedSeconds: number): Route[] {
  const style = read('style.css');
  const script = SCRIPTS.map(read).join('\n');
  const page = read('page.html')
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script></script>', () => `<script>${script}</script>`);
  const rendering = new Rendering(page, startedSeconds);
  const headers = { 'Content-Security-Policy': policyOf(style, script) };
  const type = 'text/html; charset=utf-8';
  return [{ path: '/', handle: () => ({ kind: 'body', status: 200, type, rendering, cached: true, headers }) }];
}

function read(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

/** Just this style and this script run, and talk to nobody but us. */
function policyOf(style: string, script: string): string {
  return [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    "connect-src 'self'",
    'img-src data:',
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
