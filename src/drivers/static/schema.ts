import { z } from 'zod';
import { choiceOf, flag, integer, mapping, poolKeys, providerKeys, text } from '../schema-parts';

const oneOrMore = () => choiceOf(z.string(), z.array(z.string()));

/** A machine (drivers.md 7.1). */
const node = mapping(
  {
    name: text().describe('Host name or address.'),
    labels: oneOrMore().describe('Labels the machine serves. Use a list: one text is split at blanks.'),
    username: text().default('zuul').describe('User that the scheduler logs in as.'),
    'connection-type': text().default('ssh').describe('How the scheduler connects: ssh, winrm, network_cli, …'),
    'connection-port': integer().optional().describe('Default 22, for winrm too.'),
    'ssh-port': integer().optional().describe('Old name of connection-port.'),
    'host-key': oneOrMore()
      .default([])
      .describe('Keys of the machine, "<type> <base64>"; any key is accepted if empty.'),
    'host-key-checking': flag().default(true).describe('False: the machine is not contacted before it is registered.'),
    timeout: integer().default(5).describe('Seconds for the scan of the host keys.'),
    'max-parallel-jobs': integer().default(1).describe('Nodes that the machine is handed out as at a time.'),
    'python-path': text().default('auto').describe('Interpreter for Ansible modules.'),
    'shell-type': text().optional().describe('Shell for Ansible where it is not the usual one.'),
  },
  { loadOnly: ['ssh-port'] },
);

/** A machine's entry with defaults filled in. */
export type MachineSection = z.infer<typeof node>;

const pool = mapping({
  ...poolKeys,
  nodes: z.array(node).default([]).describe('The machines.'),
});

/** drivers.md 7. */
export const staticSchema = mapping({
  ...providerKeys,
  pools: z.array(pool).default([]).describe('Groups of machines.'),
});
