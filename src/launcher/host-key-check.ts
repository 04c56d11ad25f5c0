import type { Json } from '../model/json';

/** Where to look for host keys. */
export interface KeyScanTarget {
  readonly address: string;
  readonly port: number;
  /** 'keys' for a full scan, 'reachable' where a TCP connection is enough (winrm). */
  readonly want: 'keys' | 'reachable';
  /** Milliseconds for everything. */
  readonly timeoutMs: number;
}

export interface KeyCheckQuestion {
  readonly enabled: boolean;
  readonly address: string | null;
  readonly port: Json;
  readonly connectionType: string | null;
  readonly timeoutMs: number;
}

const SSH_TYPES: ReadonlySet<string> = new Set(['ssh', 'network_cli']);

/**
 * What to do about a node's host keys (drivers.md 3.1): nothing where checking is off; a made-up key for addresses that
 * contain `fake`, as tests of schedulers expect; otherwise a scan.
 */
export function keyCheck(
  question: KeyCheckQuestion,
): { readonly kind: 'known'; readonly keys: readonly string[] } | { readonly kind: 'scan'; readonly target: KeyScanTarget } {
  const { address, connectionType, port, timeoutMs } = question;
  if (!question.enabled || address === null) return { kind: 'known', keys: [] };
  const ssh = SSH_TYPES.has(connectionType ?? 'ssh');
  if (address.includes('fake')) return { kind: 'known', keys: ssh ? ['ssh-rsa FAKEKEY'] : [] };
  if (typeof port !== 'number') return { kind: 'known', keys: [] };
  return { kind: 'scan', target: { address, port, want: ssh ? 'keys' : 'reachable', timeoutMs } };
}
