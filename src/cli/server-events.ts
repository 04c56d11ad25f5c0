/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Reads server-sent events out of a body; comments are passed by, and so is an event that was cut off. */
export async function* serverEvents(body: AsyncIterable<Buffer | string>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const found = parseEvent(text.slice(0, end));
      text = text.slice(end + 2);
      if (found !== undefined) yield found;
    }
  }
}

function parseEvent(block: string): ServerEvent | undefined {
  const fields = block.split('\n').map((line): readonly [string, string] => {
    const colon = line.indexOf(':');
    return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
  });
  const of = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => value);
  const data = of('data');
  if (data.length === 0) return undefined;
  return { event: of('event').at(-1) ?? 'message', data: data.join('\n'), id: of('id').at(-1) };
}
