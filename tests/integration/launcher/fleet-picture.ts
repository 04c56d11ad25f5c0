import { inspect } from 'node:util';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { askWhy } from '../../../src/store/explain-request';
import type { Peer } from './fleet';
import type { LauncherProcess } from './launcher-process';

const LAST_LINES = 60;
const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

/**
 * What a test shows that waited in vain: every request and what each pool says of it, every node, and the last that the
 * launchers said. Never fails itself: what it could not find out stands in it instead.
 */
export async function fleetPicture(peer: Peer, launchers: readonly LauncherProcess[] = []): Promise<string> {
  return [
    ...(await readOr('requests', () => requestLines(peer))),
    ...(await readOr('nodes', () => nodeLines(peer))),
    ...launchers.flatMap((it, index) => [
      '',
      `launcher ${index + 1} (${it.state}) said last:`,
      ...lastLines(it.output),
    ]),
  ].join('\n');
}

async function readOr(what: string, read: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    const lines = await read();
    return ['', `${what}:`, ...(lines.length === 0 ? ['  none'] : lines.map((it) => `  ${it}`))];
  } catch (error) {
    return ['', `${what} could not be read: ${String(error)}`];
  }
}

async function requestLines({ store }: Peer): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(10_000);
  const entries = [...(await store.requests.read())];
  const why = await Promise.all(entries.map(([id]) => askWhy(store, tools, id, signal)));
  return entries.flatMap(([id, { record, locked, broken }], index) => [
    record === undefined
      ? `${id} unreadable: ${broken}`
      : `${id} ${record.state} ${lockedWord(locked)} of ${record.tenantName} ${age(record.stateTime)}: ` +
        `${record.nodeTypes.join(' ')} [${record.nodes.join(' ')}] declined by [${record.declinedBy.join(' ')}]`,
    ...(why[index]?.pools ?? []).map(
      (it) => `    ${it.pool}: ${it.status}, ${it.reason} ${it.detail ?? ''} ${age(it.since)}`,
    ),
  ]);
}

async function nodeLines({ store }: Peer): Promise<readonly string[]> {
  return [...(await store.nodes.read())].map(([id, { record, locked, broken }]) =>
    record === undefined
      ? `${id} unreadable: ${broken}`
      : `${id} ${record.state} ${lockedWord(locked)} ${age(record.stateTime)} ${record.type.join()} ` +
        `for ${record.allocatedTo} of ${record.tenantName} uses ${inspect(record.resources, { breakLength: Infinity })} ` +
        `by ${record.launcher}`,
  );
}

function lockedWord(locked: boolean): string {
  return locked ? 'locked' : 'UNLOCKED';
}

function age(since: number | null): string {
  return since === null ? '' : `since ${Math.round(systemClock.wall() / 1000 - since)} s`;
}

function lastLines(output: string): readonly string[] {
  return output.trimEnd().split('\n').slice(-LAST_LINES);
}
