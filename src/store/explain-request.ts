import type { Json } from '../model/json';
import type { NodeRequest, PoolComponent } from '../model/records';
import type { ComponentEntry, Store } from './api';
import type { StoreParts } from './parts';
import { askLaunchers } from './questions';

/** What a pool says of a request, in the words of its launcher. */
export interface PoolAnswer {
  /** Id of the pool's component. */
  readonly pool: string;
  readonly provider: string | null;
  readonly name: string | null;
  readonly status: string;
  readonly reason: string;
  readonly detail: string | null;
  /** UNIX seconds. */
  readonly since: number | null;
  /** UNIX seconds; null: cannot be told. */
  readonly expected: number | null;
}

export interface RequestExplanation {
  readonly id: string;
  readonly request: NodeRequest;
  /** One of each registered pool; those that did not answer in time have the status `unknown`. */
  readonly pools: readonly PoolAnswer[];
}

/** How long launchers have to answer. */
const PATIENCE_MS = 2000;

/**
 * Asks all launchers why a request waits, through ZooKeeper alone. Undefined: there is no such request. Pools of launchers
 * that do not know the question, as Python's, are given with what their record says.
 */
export async function askWhy(
  store: Store,
  tools: Omit<StoreParts, 'observe' | 'zk'>,
  id: string,
  signal: AbortSignal,
): Promise<RequestExplanation | undefined> {
  const stored = await store.requests.get(id);
  if (stored === undefined) return undefined;
  const registered = (await store.components.read()).pool.map((it) => (it as ComponentEntry<PoolComponent>).component);
  const isEnough = (answers: readonly Json[]) => {
    const said = new Set(answers.flatMap(poolAnswers).map((it) => it.pool));
    return registered.every((it) => it.id === null || said.has(it.id));
  };
  const parts = { zk: store.zk, clock: tools.clock, random: tools.random, log: tools.log };
  const answers =
    registered.length === 0 ? [] : (await askLaunchers(parts, id, isEnough, PATIENCE_MS, signal)).flatMap(poolAnswers);
  const said = new Set(answers.map((it) => it.pool));
  const silent = registered.filter((it) => it.id !== null && !said.has(it.id));
  return { id, request: stored.record, pools: [...answers, ...silent.map((it) => silentPool(it, stored.record))] };
}

function silentPool({ id, providerName, name }: PoolComponent, request: NodeRequest): PoolAnswer {
  const declined = id !== null && request.declinedBy.includes(id);
  return {
    pool: id ?? '',
    provider: providerName,
    name,
    status: declined ? 'declined' : 'unknown',
    reason: declined ? 'declined' : 'no-answer',
    detail: null,
    since: null,
    expected: null,
  };
}

function poolAnswers(answer: Json): readonly PoolAnswer[] {
  if (!Array.isArray(answer)) return [];
  return (answer as readonly Json[]).flatMap((it) => {
    if (typeof it !== 'object' || it === null || Array.isArray(it)) return [];
    const fields = it as { readonly [key: string]: Json };
    const text = (key: string) => (typeof fields[key] === 'string' ? fields[key] : null);
    const number = (key: string) => (typeof fields[key] === 'number' ? fields[key] : null);
    const [pool, status, reason] = [text('pool'), text('status'), text('reason')];
    if (pool === null || status === null || reason === null) return [];
    return {
      pool,
      provider: text('provider'),
      name: text('name'),
      status,
      reason,
      detail: text('detail'),
      since: number('since'),
      expected: number('expected'),
    };
  });
}
