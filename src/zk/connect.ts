import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';

/** PEM contents, not paths. The server's certificate must chain to `ca` or a system root; its host name is not checked. */
export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

export interface ConnectOptions {
  /** `host:port[,host:port…][/chroot]`, split at the first `/` (zk-tree 1). IPv6 literals in brackets. */
  readonly hosts: string;
  /** Wanted session timeout, milliseconds; the server may change it. */
  readonly sessionTimeoutMs: number;
  readonly tls?: TlsOptions;
  /** Largest request frame; default 1,048,575 as the server's. */
  readonly maxRequestBytes?: number;
  /** Largest answer frame accepted; default 64 MiB. */
  readonly maxReplyBytes?: number;
}

export interface ZkTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}
