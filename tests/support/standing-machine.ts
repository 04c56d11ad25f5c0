import { type MachineFacts, machineKey, type StandingMachine } from '../../src/config/standing-machine';

/** The machine `rack1` of pool `main`, with one slot and every default; `changes` overlay it. */
export function standingMachine(changes: Partial<StandingMachine> = {}): StandingMachine {
  const it = {
    pool: 'main',
    name: 'rack1',
    labels: ['metal'],
    username: 'zuul',
    connectionType: 'ssh',
    connectionPort: 22,
    pythonPath: 'auto',
    shellType: null,
    slots: 1,
    attributes: null,
    hostKeys: [],
    isChecked: true,
    timeoutMs: 5000,
    ...changes,
  };
  return { key: machineKey(it.name, it.username, it.connectionPort), ...it };
}

/** What is found out about a machine that is well. */
export const MACHINE_FACTS: MachineFacts = {
  hostKeys: ['ssh-ed25519 AAAA'],
  publicIpv4: '192.0.2.1',
  publicIpv6: null,
};
