import { REQUEST_MOVES } from '../model/moves';
import { requestPrefix } from '../model/ids';
import { REQUEST_LOCKS, requestLock, requestPath, REQUESTS } from '../model/paths';
import type { NodeRequest } from '../model/records';
import { parseRequest, printRequest } from '../model/request-record';
import { wallSeconds } from '../runtime/clock';
import type { NodeData, ZooKeeper } from '../zk/client';
import type { HeldLock } from '../zk/lock-api';
import type {
  ClaimedWithNodes,
  NodeHandOver,
  NodeTaking,
  RequestClaim,
  RequestEntry,
  Requests,
  RequestsView,
  Stored,
} from './api';
import {
  changed,
  claimRecord,
  LockedRecord,
  type PlannedClaim,
  planClaim,
  quickClaim,
  type RecordKind,
  writeAllAndRelease,
} from './claims';
import { createOnce } from './create-once';
import { DirectSnapshot, readEach } from './direct-reads';
import { toStored } from './entries';
import { deleteQuietly, readIfThere } from './guarded';
import { LockedNode, planNodeClaim } from './nodes';
import type { StoreParts } from './parts';
import { quickLocks } from './quick-lock';
import { untilKnown } from './repeat';
import { requestEntry } from './request-entries';

const KIND: RecordKind<NodeRequest> = {
  what: 'request',
  parse: parseRequest,
  print: printRequest,
  moves: REQUEST_MOVES,
};

class LockedRequest extends LockedRecord<NodeRequest> implements RequestClaim {
  constructor(
    parts: StoreParts,
    readonly id: string,
    lock: HeldLock,
    current: Stored<NodeRequest>,
  ) {
    super(parts, lock, requestPath(id), KIND, current);
  }

  async finish(change: Partial<NodeRequest>, nodes: readonly NodeHandOver[]): Promise<Stored<NodeRequest>> {
    const writes = await Promise.all(
      nodes.map(({ claim, change: last }) => {
        if (!(claim instanceof LockedNode)) throw new TypeError('the claim on a node is of another store');
        return claim.lastWrite(last);
      }),
    );
    await writeAllAndRelease(this.parts, [...writes, await this.lastWrite(change)]);
    return this.current;
  }
}

/** Undefined for a request that is seen locked, or broken. */
function planRequestClaim(
  parts: StoreParts,
  entry: RequestEntry,
  change: Partial<NodeRequest>,
): PlannedClaim<LockedRequest> | undefined {
  const { id } = entry;
  if (entry.record === undefined || entry.locked) return undefined;
  const record = changed(entry.record, change, KIND, wallSeconds(parts.clock));
  const quick = { dir: requestLock(id), dirIs: 'absent', path: requestPath(id), record, entry } as const;
  return planClaim(parts, quick, printRequest, (lock, current) => new LockedRequest(parts, id, lock, current));
}

export class TreeRequests implements Requests {
  constructor(
    private readonly parts: StoreParts,
    readonly view: () => RequestsView,
  ) {}

  async read(): Promise<ReadonlyMap<string, RequestEntry>> {
    const read: ZooKeeper['multiRead'] = (ops) => untilKnown(this.parts, () => this.parts.zk.multiRead(ops));
    const top = new DirectSnapshot(read);
    await top.fetch([], [REQUESTS]);
    const ids = top.children(REQUESTS).filter((it) => it !== 'lock');
    const pathsOf = (id: string) => ({ get: requestPath(id), list: requestLock(id) });
    return readEach(read, ids.sort(), pathsOf, (snapshot, id) => requestEntry(snapshot, snapshot, id, undefined));
  }

  async get(id: string): Promise<Stored<NodeRequest> | undefined> {
    const found = await readIfThere(this.parts, requestPath(id));
    return found === undefined || found.data.length === 0 ? undefined : toStored(found, parseRequest, `request ${id}`);
  }

  async create(request: NodeRequest, priority: number, kind: 'persistent' | 'ephemeral'): Promise<string> {
    const own = recognisable(request, this.parts);
    const { path } = await createOnce(
      this.parts,
      {
        dir: REQUESTS,
        prefix: requestPrefix(priority),
        data: printRequest(own),
        mode: `${kind}-sequential`,
        isOwn: (_path, found) => (kind === 'persistent' || this.#owns(found)) && isSameRequest(found, own),
        makesParents: true,
      },
      { sessionBound: kind === 'ephemeral' },
    );
    return path.slice(REQUESTS.length + 1);
  }

  async claim(id: string, signal: AbortSignal): Promise<RequestClaim | undefined> {
    const claimed = await claimRecord(
      this.parts,
      { dir: requestLock(id), signal, parents: 'create' },
      requestPath(id),
      parseRequest,
    );
    return claimed === undefined ? undefined : new LockedRequest(this.parts, id, claimed.lock, claimed.current);
  }

  async claimAs(
    entry: RequestEntry,
    change: Partial<NodeRequest>,
    signal: AbortSignal,
  ): Promise<RequestClaim | undefined> {
    return quickClaim(this.parts, planRequestClaim(this.parts, entry, change), signal);
  }

  async claimWithNodes(
    entry: RequestEntry,
    change: Partial<NodeRequest>,
    nodes: readonly NodeTaking[],
    signal: AbortSignal,
  ): Promise<ClaimedWithNodes | 'request' | 'node'> {
    const request = planRequestClaim(this.parts, entry, change);
    if (request === undefined) return 'request';
    const planned = nodes.map((it) => planNodeClaim(this.parts, it.entry, it.change));
    const all = planned.filter((it) => it !== undefined);
    if (all.length < planned.length) return 'node';
    const locked = await quickLocks(this.parts, [request.lock, ...all.map((it) => it.lock)], signal);
    if ('why' in locked) return locked.at === 0 ? 'request' : 'node';
    const [first, ...rest] = locked;
    return { claim: request.made(first!), nodes: all.map((it, index) => it.made(rest[index]!)) };
  }

  async delete(id: string): Promise<void> {
    await untilKnown(this.parts, () => deleteQuietly(this.parts.zk, requestPath(id)));
    this.parts.observe(requestPath(id), undefined, undefined);
  }

  /** One that somebody contends for is left alone. */
  async removeLock(id: string): Promise<void> {
    const isGone = await untilKnown(this.parts, () => deleteQuietly(this.parts.zk, requestLock(id)));
    if (isGone) this.parts.observe(`${REQUEST_LOCKS}/${id}`, undefined, undefined);
  }

  #owns(found: NodeData): boolean {
    return found.stat.ephemeralOwner === this.parts.zk.session?.id;
  }
}

/**
 * The request with something in it that no other request has and that launchers write back as they read it: an event id
 * of its own, or else a creation time with random microseconds, which are finer than the clocks that Zuul stamps with.
 */
function recognisable(request: NodeRequest, { random }: StoreParts): NodeRequest {
  if (request.createdTime !== null) {
    const milliseconds = Math.floor(request.createdTime * 1000);
    return { ...request, createdTime: (milliseconds + random.next()) / 1000 };
  }
  return request.eventId === null ? { ...request, eventId: random.hex(16) } : request;
}

/** A launcher may have got at it already, so only what the requestor alone sets is compared. */
function isSameRequest(found: NodeData, own: NodeRequest): boolean {
  const entry = requestEntry(
    { get: () => found, children: () => [] },
    { get: () => undefined, children: () => [] },
    '',
    undefined,
  );
  const { record } = entry ?? {};
  if (record === undefined) return false;
  return (
    record.requestor === own.requestor &&
    record.eventId === own.eventId &&
    record.createdTime === own.createdTime &&
    record.nodeTypes.join('\n') === own.nodeTypes.join('\n')
  );
}
