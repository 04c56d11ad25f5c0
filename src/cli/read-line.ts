import { once } from 'node:events';

/** The next line of a stream, without its end; empty when the stream is over. */
export async function readLine(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
  let text = '';
  const done = new AbortController();
  const ended = once(stream, 'end', { signal: done.signal }).then(
    () => undefined,
    () => undefined,
  );
  try {
    while (!text.includes('\n')) {
      const data = once(stream, 'data', { signal: AbortSignal.any([signal, done.signal]) }) as Promise<
        [Buffer | string]
      >;
      const chunk = await Promise.race([data, ended]);
      if (chunk === undefined) break;
      text += String(chunk[0]);
    }
  } finally {
    done.abort();
    stream.pause();
  }
  return text.split('\n')[0] ?? '';
}
