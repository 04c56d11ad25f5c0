import { Nudge } from '../runtime/reconcile';
import type { Clock } from '../runtime/clock';
import type { EventSink, Route } from './answer';
import { PARTS, type Part, type SeenTree } from './seen-tree';

/** Changes in a row cost a client one event per this many milliseconds. */
const REST_MS = 200;
/** A client that is behind by more is told to read everything. */
const MOST_IDS = 500;
/** With nothing to tell the loop only waits; heartbeats are the stream's business. */
const IDLE_MS = 60_000;

/**
 * `GET /api/v1/events`: an event of changes for each part of the tree (`nodes`, `requests`, `images`, `components`), with the
 * ids touched, or `all` instead. First one of each: whatever was known before is to be read again.
 */
export function changeRoutes(tree: SeenTree, clock: Clock): Route[] {
  return [
    {
      path: '/api/v1/events',
      handle: () => ({ kind: 'events', run: (out, signal) => tellChanges(tree, out, clock, signal) }),
    },
  ];
}

async function tellChanges(tree: SeenTree, out: EventSink, clock: Clock, signal: AbortSignal): Promise<void> {
  const nudge = new Nudge();
  const behind = new Map<Part, Set<string> | 'all'>(
    PARTS.filter((it) => tree.parts.includes(it)).map((it) => [it, 'all']),
  );
  const stop = tree.onChange((part, ids) => {
    const before = behind.get(part) ?? new Set<string>();
    behind.set(part, ids.size === 0 || before === 'all' ? 'all' : merged(before, ids));
    nudge.nudge();
  });
  try {
    for (;;) {
      const batch = [...behind];
      behind.clear();
      for (const [part, ids] of batch) await out.send({ event: part, data: JSON.stringify(dataOf(tree, part, ids)) });
      await nudge.wait(IDLE_MS, clock, signal);
      await clock.sleep(REST_MS, signal);
    }
  } finally {
    stop();
  }
}

function merged(before: Set<string>, ids: ReadonlySet<string>): Set<string> | 'all' {
  for (const id of ids) before.add(id);
  return before.size > MOST_IDS ? 'all' : before;
}

function dataOf(tree: SeenTree, part: Part, ids: ReadonlySet<string> | 'all'): object {
  const sight = tree.sight(part);
  return ids === 'all' ? { all: true, sight } : { ids: [...ids], sight };
}
