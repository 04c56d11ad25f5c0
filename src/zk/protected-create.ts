import type { AclEntry, Session, Stat, ZooKeeper } from './client';
import type { ZkTools } from './connect';
import { isZkError } from './errors';
import { type Attempt, repeat, retryRead, type RetryOptions } from './retry';

export interface ProtectedCreateOptions extends RetryOptions {
  readonly mode: 'ephemeral-sequential' | 'persistent-sequential';
  readonly acl?: readonly AclEntry[];
  /** The name is this, 32 hex digits of our own, `suffix`, and the server's number. */
  readonly prefix?: string;
  readonly suffix?: string;
  /** Told each time it has been asked for: what is asked for then is answered after it. */
  readonly onSent?: () => void;
}

export interface ProtectedNode {
  readonly path: string;
  readonly stat: Stat;
  /** The digits by which the znode was, or would be, found again. */
  readonly hex: string;
}

/**
 * A sequential create that leaves exactly one znode, however many answers are lost: its name carries digits of our own
 * by which it is found again (zookeeper-client 7.4). When `signal` aborts, or the session of an ephemeral one ends,
 * it throws; whatever may have been created by then is removed in the background.
 */
export async function protectedCreate(
  zk: ZooKeeper,
  dir: string,
  data: Buffer,
  options: ProtectedCreateOptions,
): Promise<ProtectedNode> {
  const { tools, prefix = '', suffix = '', mode, acl, signal, onSent } = options;
  const hex = tools.random.hex(16);
  const path = `${dir === '/' ? '' : dir}/${prefix}${hex}${suffix}`;
  let mayExist: Session | undefined;
  const attempt = async ({ isRepeat, session }: Attempt) => {
    const found = isRepeat ? await findOwn(zk, dir, hex, session, signal) : undefined;
    if (found !== undefined) return { ...found, hex };
    mayExist = session;
    const created = zk.create(path, data, { mode, signal, ...(acl === undefined ? {} : { acl }) });
    onSent?.();
    return { ...(await created), hex };
  };
  try {
    return await repeat(zk, attempt, options);
  } catch (error) {
    if (mayExist !== undefined && (signal.aborted || !isZkError(error) || isZkError(error, 'SESSION_EXPIRED'))) {
      removeInBackground(zk, dir, hex, mode === 'ephemeral-sequential' ? mayExist : undefined, tools);
    }
    throw error;
  }
}

/**
 * Removes what a protected create with these digits may have left, until certain: repeats sync, list and delete. Ends
 * early when `session`, the owner of an ephemeral one, is lost: then the server does it. Throws SESSION_CLOSED.
 */
export async function removeProtected(
  zk: ZooKeeper,
  dir: string,
  hex: string,
  session: Session | undefined,
  tools: ZkTools,
): Promise<void> {
  const signal = session?.lost ?? new AbortController().signal;
  try {
    await retryRead(
      zk,
      async () => {
        for (const name of await namesOf(zk, dir, hex, signal)) {
          await zk.delete(`${dir === '/' ? '' : dir}/${name}`, undefined, { signal }).catch(unlessMissing);
        }
      },
      { tools, signal },
    );
  } catch (error) {
    if (!signal.aborted || isZkError(error, 'SESSION_CLOSED')) throw error;
  }
}

function removeInBackground(
  zk: ZooKeeper,
  dir: string,
  hex: string,
  session: Session | undefined,
  tools: ZkTools,
): void {
  removeProtected(zk, dir, hex, session, tools).catch((error: unknown) => {
    if (!isZkError(error, 'SESSION_CLOSED')) tools.log.error('leftover znode not removed', { dir, err: error });
  });
}

/** Our znode, if an earlier try made it. One of another owner is of a dead session and about to vanish. */
async function findOwn(
  zk: ZooKeeper,
  dir: string,
  hex: string,
  session: Session,
  signal: AbortSignal,
): Promise<{ path: string; stat: Stat } | undefined> {
  for (const name of await namesOf(zk, dir, hex, signal)) {
    const path = `${dir === '/' ? '' : dir}/${name}`;
    const stat = await zk.exists(path, { signal });
    if (stat !== undefined && (stat.ephemeralOwner === 0n || stat.ephemeralOwner === session.id)) return { path, stat };
  }
  return undefined;
}

async function namesOf(zk: ZooKeeper, dir: string, hex: string, signal: AbortSignal): Promise<string[]> {
  await zk.sync(dir, { signal });
  try {
    const { children } = await zk.children(dir, { signal });
    return children.filter((it) => it.includes(hex));
  } catch (error) {
    unlessMissing(error);
    return [];
  }
}

function unlessMissing(error: unknown): void {
  if (!isZkError(error, 'NO_NODE')) throw error;
}
