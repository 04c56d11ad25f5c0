import type { Resources } from '../model/records';
import type { KnownNode } from './node-index';
import { plus, shortage } from './quota';

/** A place in the request's `node_types` that has no node yet. */
export interface OpenSlot {
  readonly slot: number;
  readonly label: string;
}

/** A limit and what counts against it now. */
export interface Room {
  readonly limits: Resources;
  readonly used: Resources;
}

export interface NodeSetQuestion {
  readonly open: readonly OpenSlot[];
  /** The request takes ready nodes. */
  readonly reuse: boolean;
  /** Fixed by the nodes that the request has already. */
  readonly zone: string | undefined;
  /** Free nodes of the same provider and pool that nobody holds, in the order in which to try them. */
  free(label: string): Iterable<KnownNode>;
  need(label: string): Resources;
  /** Every one of them must hold: the provider's (unless ignored), the pool's. */
  readonly rooms: readonly Room[];
  /** False for drivers whose nodes are there already. */
  readonly canLaunch: boolean;
}

export type NodePick =
  | { readonly kind: 'reuse'; readonly slot: number; readonly label: string; readonly node: string }
  | { readonly kind: 'launch'; readonly slot: number; readonly label: string; readonly need: Resources };

export type NodeSetPlan =
  | { readonly kind: 'complete'; readonly picks: readonly NodePick[]; readonly zone: string | undefined }
  /** `spared` are free nodes that the request will take later, so they are no use to purge. */
  | { readonly kind: 'short'; readonly resource: string; readonly spared: ReadonlySet<string> };

/**
 * How to fill a request's open slots (launcher.md 7): ready nodes first, all in one zone, the rest launched. All or nothing:
 * a request that does not fit holds no further node while it waits, so requests with half of their nodes each cannot
 * block one another.
 */
export function planNodeSet(question: NodeSetQuestion): NodeSetPlan {
  const open = groupByLabel(question.open);
  const wanted = question.zone ?? (question.reuse ? bestZone(open, question) : undefined);
  const { taken: reused, zone } = question.reuse ? takeFree(open, wanted, question) : { taken: NONE, zone: wanted };
  const picks: NodePick[] = [];
  let rooms = question.rooms;
  const spared = new Set([...reused.values()].map((it) => it.id));
  for (const { slot, label } of open) {
    const node = reused.get(slot);
    if (node !== undefined) {
      picks.push({ kind: 'reuse', slot, label, node: node.id });
      continue;
    }
    const need = question.need(label);
    const resource = question.canLaunch ? firstShortage(rooms, need) : 'nodes';
    if (resource !== undefined) return { kind: 'short', resource, spared };
    rooms = rooms.map((it) => ({ limits: it.limits, used: plus(it.used, need) }));
    picks.push({ kind: 'launch', slot, label, need });
  }
  return { kind: 'complete', picks, zone };
}

/** `[a,b,a]` becomes `a,a,b`: by label, in order of first appearance. */
export function groupByLabel(open: readonly OpenSlot[]): readonly OpenSlot[] {
  if (open.length < 2) return open;
  const groups = new Map<string, OpenSlot[]>();
  for (const it of open) {
    const group = groups.get(it.label);
    if (group === undefined) groups.set(it.label, [it]);
    else group.push(it);
  }
  return [...groups.values()].flat();
}

function firstShortage(rooms: readonly Room[], need: Resources): string | undefined {
  for (const room of rooms) {
    const resource = shortage(room.limits, room.used, need);
    if (resource !== undefined) return resource;
  }
  return undefined;
}

/** The zone in which most slots find a ready node; undefined when nodes without a zone do as well. */
function bestZone(open: readonly OpenSlot[], question: NodeSetQuestion): string | undefined {
  if (open.length === 1) return first(question.free(open[0]!.label))?.record.az ?? undefined;
  const wanted = new Map<string, number>();
  for (const { label } of open) wanted.set(label, (wanted.get(label) ?? 0) + 1);
  const found = new Map<string | null, number>();
  for (const [label, count] of wanted) {
    const here = new Map<string | null, number>();
    for (const { record } of question.free(label)) here.set(record.az, (here.get(record.az) ?? 0) + 1);
    for (const [zone, nodes] of here) found.set(zone, (found.get(zone) ?? 0) + Math.min(count, nodes));
  }
  let best: string | null = null;
  for (const [zone, count] of found) if (count > (found.get(best) ?? 0)) best = zone;
  return best ?? undefined;
}

const NONE: ReadonlyMap<number, KnownNode> = new Map();

/** Without a wanted zone the first node that has one decides; nodes without may go before it (launcher.md 7). */
function takeFree(
  open: readonly OpenSlot[],
  wanted: string | undefined,
  question: NodeSetQuestion,
): { readonly taken: ReadonlyMap<number, KnownNode>; readonly zone: string | undefined } {
  const taken = new Map<number, KnownNode>();
  const ids = new Set<string>();
  let zone = wanted;
  for (const { slot, label } of open) {
    for (const node of question.free(label)) {
      if (ids.has(node.id) || (zone !== undefined && node.record.az !== zone)) continue;
      ids.add(node.id);
      taken.set(slot, node);
      zone ??= node.record.az ?? undefined;
      break;
    }
  }
  return { taken, zone };
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const it of items) return it;
  return undefined;
}
