import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';

export interface PourOptions {
  /** How much of the file to send: what the receiver was promised. */
  readonly bytes: number;
  /** Told as the bytes leave for the network, not as they are read. */
  readonly onProgress?: (bytesDone: number) => void;
}

const CHUNK_BYTES = 1 << 20;
/** One is read into while the others leave. */
const CHUNKS = 3;
const CLOSED = 'the connection was closed';

/**
 * Writes a file of any length to a stream and ends the stream, with three buffers that are used again and again: a stream
 * over the file would make new ones for each read, which costs a gigabyte's upload more time in the garbage collector than
 * in the network. Resolves when the last byte has left; rejects when the stream is closed before, with its error, and when
 * the file is shorter than was said. Whoever cancels destroys the stream.
 */
export async function pourFile(file: string, sink: Writable, options: PourOptions): Promise<void> {
  const end = watchEnd(sink);
  try {
    const handle = await open(file);
    try {
      await Promise.race([pour(handle, sink, options), end.broken]);
    } finally {
      await handle.close();
    }
  } finally {
    end.stop();
  }
}

async function pour(handle: FileHandle, sink: Writable, { bytes, onProgress }: PourOptions): Promise<void> {
  const buffers = Array.from({ length: CHUNKS }, () => Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, bytes)));
  const leaving: Promise<void>[] = [];
  let done = 0;
  for (let position = 0, turn = 0; position < bytes; turn = (turn + 1) % CHUNKS) {
    await leaving[turn];
    const wanted = Math.min(CHUNK_BYTES, bytes - position);
    const { bytesRead } = await handle.read(buffers[turn]!, 0, wanted, position);
    if (bytesRead === 0) throw new Error(`the file ends after ${position} of ${bytes} bytes`);
    if (sink.destroyed) throw new Error(CLOSED);
    position += bytesRead;
    const gone = write(sink, buffers[turn]!.subarray(0, bytesRead)).then(() => onProgress?.((done += bytesRead)));
    leaving[turn] = gone;
    gone.catch(() => undefined); // awaited at its next turn, or told by the end of the stream
  }
  await Promise.all(leaving);
  sink.end();
}

/** Resolves when the buffer may be used again. */
function write(sink: Writable, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

/** A stream that is destroyed may forget those who wait for their write. */
function watchEnd(sink: Writable): { readonly broken: Promise<never>; stop(): void } {
  let stop = () => undefined as void;
  const broken = new Promise<never>((_, reject) => {
    const fail = (error?: Error) => reject(error ?? new Error(CLOSED));
    const onClose = () => fail(sink.errored ?? undefined);
    sink.on('error', fail);
    sink.on('close', onClose);
    stop = () => {
      sink.off('error', fail);
      sink.off('close', onClose);
    };
    if (sink.destroyed) onClose();
  });
  broken.catch(() => undefined);
  return { broken, stop: () => stop() };
}
