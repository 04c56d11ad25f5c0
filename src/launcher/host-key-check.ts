import type { Json } from '../model/json';
import type { ScanTarget } from '../runtime/host-keys';

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
):
  | { readonly kind: 'known'; readonly keys: readonly string[] }
  | { readonly kind: 'scan'; readonly target: ScanTarget } {
  const { address, connectionType, port, timeoutMs } = question;
  if (!question.enabled || address === null) return { kind: 'known', keys: [] };
  const ssh = SSH_TYPES.has(connectionType ?? 'ssh');
  if (address.includes('fake')) return { kind: 'known', keys: ssh ? ['ssh-rsa FAKEKEY'] : [] };
  if (typeof port !== 'number') return { kind: 'known', keys: [] };
  return { kind: 'scan', target: { host: address, port, kind: ssh ? 'ssh' : 'tcp', timeoutMs } };
}
