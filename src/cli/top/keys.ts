type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?: (raw: boolean) => void };

/** Keys as they are pressed, one call for each; returns how to stop listening. The terminal is as before then. */
export function onKey(input: NodeJS.ReadableStream, listener: (key: string) => void): () => void {
  const terminal = input as Input;
  const onData = (data: Buffer | string) => {
    for (const key of String(data).match(KEY) ?? []) listener(key);
  };
  terminal.setRawMode?.(true);
  terminal.on('data', onData);
  terminal.resume();
  return () => {
    terminal.off('data', onData);
    terminal.setRawMode?.(false);
    terminal.pause();
  };
}

/** An escape sequence, or one character. */
const KEY = /\x1b(?:\[[\d;]*[A-Za-z~]|O[A-Za-z])|[\s\S]/gu;
