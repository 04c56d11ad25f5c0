import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { MachineFacts, StandingMachine } from '../../config/standing-machine';
import type { Clock } from '../../runtime/clock';
import { scanHostKeys, scanKind, type ScanTarget } from '../../runtime/host-keys';
import type { Logger } from '../../runtime/log';
import { withTimeLimit } from '../../runtime/time-limit';
import { LaunchFailedError, RefusedError } from '../errors';

/** A machine that answers at all is given this long for the rest of the scan: one connection for each kind of key. */
const KEYS_TIMEOUT_MS = 60_000;

/** How a machine is looked at; tests may look at it otherwise. */
export interface MachineProbe {
  readonly resolve: (host: string) => Promise<string>;
  readonly scan: (target: ScanTarget, signal: AbortSignal) => Promise<readonly string[]>;
}

export function networkProbe(tools: { readonly clock: Clock; readonly log: Logger }): MachineProbe {
  return {
    resolve: async (host) => (await lookup(host)).address,
    scan: (target, signal) => scanHostKeys(target, tools, signal),
  };
}

/**
 * Looks whether a machine is fit to be registered (drivers.md 7.2), and what there is to know of it. Where checking is off
 * it is not contacted: its keys are those of the configuration. `LaunchFailedError` when it does not answer in its time,
 * `RefusedError` when it lacks a configured key.
 */
export async function checkMachine(
  machine: StandingMachine,
  { provider, probe, clock }: { readonly provider: string; readonly probe: MachineProbe; readonly clock: Clock },
  signal: AbortSignal,
): Promise<MachineFacts> {
  const address = await resolved(machine, { provider, probe, clock }, signal);
  const hostKeys = await keysOf({ ...machine, name: address }, provider, probe, signal);
  return {
    hostKeys,
    publicIpv4: isIPv6(address) ? null : address,
    publicIpv6: isIPv6(address) ? address : null,
  };
}

/** Resolves when the machine's port accepts a connection, at once where checking is off. */
export async function reachMachine(
  machine: StandingMachine,
  provider: string,
  probe: MachineProbe,
  signal: AbortSignal,
): Promise<void> {
  if (!machine.isChecked) return;
  await answered(provider, signal, () => probe.scan(target(machine, 'tcp', machine.timeoutMs), signal));
}

async function keysOf(
  machine: StandingMachine,
  provider: string,
  probe: MachineProbe,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!machine.isChecked) return machine.hostKeys;
  await reachMachine(machine, provider, probe, signal);
  const kind = scanKind(machine.connectionType);
  if (kind === 'tcp') return [];
  const limitMs = machine.timeoutMs + KEYS_TIMEOUT_MS;
  const found = await answered(provider, signal, () => probe.scan(target(machine, kind, limitMs), signal));
  const missing = machine.hostKeys.filter((it) => !found.includes(it));
  if (missing.length === 0) return found;
  const types = missing.map((it) => it.split(' ')[0]).join(', ');
  throw new RefusedError(provider, `machine does not have the configured host key (${types})`);
}

function resolved(
  { name, timeoutMs }: StandingMachine,
  { provider, probe, clock }: { readonly provider: string; readonly probe: MachineProbe; readonly clock: Clock },
  signal: AbortSignal,
): Promise<string> {
  const late = () => new Error('name was not resolved in time');
  return answered(provider, signal, () =>
    withTimeLimit({ ms: Math.max(timeoutMs, 1000), clock, late }, signal, (limited) =>
      orAborted(probe.resolve(name), limited),
    ),
  );
}

/** Whatever keeps a machine from answering is the machine's failure; the caller's signal is not. */
async function answered<T>(provider: string, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    throw new LaunchFailedError(provider, 'machine does not answer', { cause: error });
  }
}

/** The resolver cannot be interrupted: its answer is not waited for any longer. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function target(machine: StandingMachine, kind: ScanTarget['kind'], timeoutMs: number): ScanTarget {
  return { host: machine.name, port: machine.connectionPort, kind, timeoutMs };
}
