import type { PoolConfig, ProviderConfig } from '../../config/types';
import { machineKey, type StandingMachine } from '../../config/standing-machine';
import type { MachineSection } from './schema';

export interface MachineList {
  readonly machines: readonly StandingMachine[];
  /** Entries that name a machine a second time; the first one counts. */
  readonly repeated: readonly StandingMachine[];
}

/** The machines of all pools of a provider, in file order. */
export function machinesOf(config: ProviderConfig): MachineList {
  const machines = new Map<string, StandingMachine>();
  const repeated: StandingMachine[] = [];
  for (const pool of config.pools.values()) {
    for (const section of (pool.section['nodes'] ?? []) as readonly MachineSection[]) {
      const machine = machineOf(section, pool);
      if (machines.has(machine.key)) repeated.push(machine);
      else machines.set(machine.key, machine);
    }
  }
  return { machines: [...machines.values()], repeated };
}

function machineOf(section: MachineSection, pool: PoolConfig): StandingMachine {
  const { name, username } = section;
  const connectionPort = section['connection-port'] ?? section['ssh-port'] ?? 22;
  return {
    key: machineKey(name, username, connectionPort),
    pool: pool.name,
    name,
    labels: words(section.labels),
    username,
    connectionType: section['connection-type'],
    connectionPort,
    pythonPath: section['python-path'],
    shellType: section['shell-type'] ?? null,
    slots: Math.max(0, section['max-parallel-jobs']),
    attributes: pool.nodeAttributes,
    hostKeys: listed(section['host-key']).map(typeAndKey),
    isChecked: section['host-key-checking'],
    timeoutMs: section.timeout * 1000,
  };
}

/** One text with blanks stands for several labels, for the machine as for its pool: with Python only for the pool. */
function words(labels: string | readonly string[]): readonly string[] {
  return typeof labels === 'string' ? labels.split(/\s+/).filter(Boolean) : labels;
}

function listed(value: string | readonly string[]): readonly string[] {
  return (typeof value === 'string' ? [value] : value).filter((it) => it.trim() !== '');
}

/** Without the comment that lines of a known_hosts file or of a public key may end with. */
function typeAndKey(line: string): string {
  return line.trim().split(/\s+/).slice(0, 2).join(' ');
}
