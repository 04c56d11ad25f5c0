import type { JuteWriter } from './jute';
import type { ControlFrame } from './link';
import { OPCODE, XID } from './opcodes';

/** The server closes at 1,048,575 bytes a frame; small chunks also keep it from stalling other clients (zookeeper-client 7.1). */
const CHUNK_BYTES = 128 * 1024;

/**
 * Frames that leave all watches anew with a server that took the session over. One-shot watches on what changed after
 * `lastZxid` fire at once; nothing is replayed for persistent ones. `paths` are data, exist, child, persistent, recursive.
 */
export function* rearmFrames(paths: readonly (readonly string[])[], lastZxid: bigint): Generator<ControlFrame> {
  const isPlain = paths.slice(3).every((it) => it.length === 0);
  let chunk: string[][] = paths.map(() => []);
  let bytes = 0;
  const close = () => {
    const full = isPlain ? chunk.slice(0, 3) : chunk;
    chunk = paths.map(() => []);
    bytes = 0;
    return setWatches(full, lastZxid);
  };
  for (const [kind, list] of paths.entries()) {
    for (const path of list) {
      const size = 4 + Buffer.byteLength(path);
      if (bytes > 0 && bytes + size > CHUNK_BYTES) yield close();
      chunk[kind]!.push(path);
      bytes += size;
    }
  }
  if (bytes > 0) yield close();
}

/** setWatches2 only where it is needed: older servers do not know it. */
function setWatches(lists: readonly (readonly string[])[], lastZxid: bigint): ControlFrame {
  return {
    xid: XID.setWatches,
    opcode: lists.length === 3 ? OPCODE.setWatches : OPCODE.setWatches2,
    write: (out: JuteWriter) => {
      out.long(lastZxid);
      for (const it of lists) out.texts(it);
    },
  };
}
