import { readFile } from 'node:fs/promises';
import type { ZooKeeper } from '../zk/client';
import type { TlsOptions, ZkTools } from '../zk/connect';
import { connectZooKeeper } from '../zk/engine';
import { isOutcomeUnknown, isZkError } from '../zk/errors';

/** Paths of PEM files. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface OpenZooKeeperOptions {
  /** `host:port[,host:port…][/chroot]`. */
  readonly hosts: string;
  /** Undefined: no TLS. Python Nodepool insists on it; whether that is fit for a fleet is its operator's to say. */
  readonly tls?: TlsPaths | undefined;
  /** Seconds, as `zookeeper-timeout`; default 10. */
  readonly timeoutSeconds?: number | undefined;
}

/** A file of the connection's settings cannot be used. The message names the setting and the file, never what is in it. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError';

  constructor(
    readonly setting: keyof TlsPaths,
    readonly file: string,
    why: string,
    options?: ErrorOptions,
  ) {
    super(`cannot use ${file} as zookeeper-tls ${setting}: ${why}`, options);
  }
}

/**
 * A client that connects for as long as it lives; does not wait for the first session. Throws a TlsFileError for a PEM
 * file that cannot be read or holds something else.
 */
export async function openZooKeeper(options: OpenZooKeeperOptions, tools: ZkTools): Promise<ZooKeeper> {
  const tls = options.tls === undefined ? undefined : await readTls(options.tls);
  const zk = connectZooKeeper(
    {
      hosts: options.hosts,
      sessionTimeoutMs: (options.timeoutSeconds ?? 10) * 1000,
      ...(tls === undefined ? {} : { tls }),
    },
    tools,
  );
  const slash = options.hosts.indexOf('/');
  if (slash !== -1 && slash < options.hosts.length - 1) makeChroot(zk, options.hosts.slice(slash), tools);
  return zk;
}

/**
 * Makes the last part of the chroot on demand, as Python does (zk-tree 1). Sent as the first request of the first link
 * that will have it, so that whatever is asked for afterwards finds it done.
 */
function makeChroot(zk: ZooKeeper, chroot: string, { log }: ZkTools): void {
  const stop = zk.onState((state) => {
    if (state !== 'connected') return;
    zk.create('/', Buffer.alloc(0)).then(stop, (error: unknown) => {
      if (isOutcomeUnknown(error) || isZkError(error, 'SESSION_EXPIRED', 'THROTTLED_OP')) return; // with the next link
      stop();
      if (isZkError(error, 'NO_NODE')) log.error('the parent of the chroot does not exist', { chroot });
      else if (!isZkError(error, 'NODE_EXISTS', 'SESSION_CLOSED')) {
        log.error('the chroot cannot be made', { chroot, err: error });
      }
    });
  });
}

async function readTls(paths: TlsPaths): Promise<TlsOptions> {
  const [cert, key, ca] = await Promise.all([
    readPem('cert', paths.cert, 'CERTIFICATE'),
    readPem('key', paths.key, 'PRIVATE KEY'),
    readPem('ca', paths.ca, 'CERTIFICATE'),
  ]);
  return { cert, key, ca };
}

async function readPem(setting: keyof TlsPaths, file: string, holds: string): Promise<Buffer> {
  let data: Buffer;
  try {
    data = await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new TlsFileError(setting, file, REASONS[code ?? ''] ?? `cannot be read (${code})`, { cause: error });
  }
  if (new RegExp(`-----BEGIN [A-Z ]*${holds}-----`).test(data.toString('latin1'))) return data;
  throw new TlsFileError(setting, file, `there is no PEM ${holds.toLowerCase()} in it`);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EISDIR: 'it is a folder',
};
