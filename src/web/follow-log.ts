import type { Clock } from '../runtime/clock';
import { Nudge } from '../runtime/reconcile';
import type { EventSink } from './answer';
import { BuildLogFile } from './build-log-file';
import type { Secrets } from './mask-bytes';

/** What a follower tells at the end. `gone`: the build has no record any more. */
export type Outcome = 'ready' | 'failed' | 'deleting' | 'gone';

export interface FollowedLog {
  readonly file: string;
  readonly secrets: Secrets;
  /** The outcome as known now; undefined while the build runs, or while nobody knows. */
  outcome(): Outcome | undefined;
  /** Nudges when the outcome may have changed. */
  onChange(listener: () => void): () => void;
}

const PIECE_BYTES = 64 * 1024;
/** Nobody tells of a file that grows: it is looked at this often. */
const LOOK_MS = 250;
const NEWLINE = 0x0a;

/**
 * Sends a growing log from byte `offset` on as `log` events of whole lines, each with the offset after it as its id, and one
 * `end` event with the outcome. A file that is emptied or replaced is told by `truncated`, and is sent from its start. Every
 * look is at the file as it is, at most one piece is in memory, and none is read before the client took the last.
 */
export async function followLog(
  log: FollowedLog,
  offset: number,
  out: EventSink,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const nudge = new Nudge();
  const stop = log.onChange(() => nudge.nudge());
  let place: Place = { offset, inode: undefined };
  try {
    for (;;) {
      const outcome = log.outcome(); // first: what the tool wrote before the record is in the file then
      place = await sendNews(log, place, outcome !== undefined, out);
      if (outcome !== undefined) {
        await out.send({
          event: 'end',
          id: String(place.offset),
          data: JSON.stringify({ outcome, offset: place.offset }),
        });
        return;
      }
      await nudge.wait(LOOK_MS, clock, signal);
    }
  } finally {
    stop();
  }
}

/** How far which file was sent. */
interface Place {
  readonly offset: number;
  readonly inode: number | undefined;
}

async function sendNews(log: FollowedLog, place: Place, isLast: boolean, out: EventSink): Promise<Place> {
  const file = await BuildLogFile.open(log.file, log.secrets);
  if (file === undefined) return place;
  await using opened = file;
  const [size, inode] = [await opened.size(), await opened.inode()];
  const isAnother = place.inode !== undefined && place.inode !== inode;
  let { offset } = place;
  if (size < offset || isAnother) {
    await out.send({ event: 'truncated', id: '0', data: JSON.stringify({ offset: 0 }) });
    offset = 0;
  }
  for (;;) {
    if (offset >= size && !isLast) return { offset, inode };
    const piece = await opened.read(offset, offset + PIECE_BYTES);
    const whole = wholeLines(piece, isLast);
    if (whole.length === 0) return { offset, inode };
    offset += whole.length;
    await out.send({ event: 'log', id: String(offset), data: dataOf(whole) });
  }
}

/** Up to the last line break; all of it at the end; of a line that is longer than a piece what there is, in whole letters. */
function wholeLines(piece: Buffer, isLast: boolean): Buffer {
  const isAll = piece.length < PIECE_BYTES;
  if (isLast && isAll) return piece;
  const end = piece.lastIndexOf(NEWLINE) + 1;
  if (end > 0 || isAll) return piece.subarray(0, end);
  return piece.subarray(0, endOfLetters(piece));
}

/** The length without a letter that goes on beyond (UTF-8); all of it if it is no such text. */
function endOfLetters(piece: Buffer): number {
  for (let at = piece.length - 1; at >= piece.length - 4; at -= 1) {
    const byte = piece[at]!;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const letter = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return at + letter > piece.length ? at : piece.length;
  }
  return piece.length;
}

/** Without the last line break: the event ends the line. */
function dataOf(lines: Buffer): string {
  return lines.toString('utf8').replace(/\r?\n$/, '');
}
