import { readFile } from 'node:fs/promises';
import type { ZooKeeper } from '../zk/client';
import type { TlsOptions, ZkTools } from '../zk/connect';
import { connectZooKeeper } from '../zk/engine';

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
  return connectZooKeeper(
    {
      hosts: options.hosts,
      sessionTimeoutMs: (options.timeoutSeconds ?? 10) * 1000,
      ...(tls === undefined ? {} : { tls }),
    },
    tools,
  );
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
