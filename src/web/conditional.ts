import type { IncomingHttpHeaders } from 'node:http';
import type { Rendering } from './rendering';

/** Whether the client has this very body already (RFC 9110 13.2.2: `If-None-Match` overrules `If-Modified-Since`). */
export function isKnown(rendering: Rendering, headers: IncomingHttpHeaders): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) {
    const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
    return tags.trim() === '*' || tags.split(',').map(opaque).includes(opaque(rendering.etag));
  }
  const since = headers['if-modified-since'];
  return since !== undefined && Date.parse(since) / 1000 >= rendering.modifiedSeconds;
}
