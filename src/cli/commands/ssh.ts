import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInForeground } from '../../runtime/foreground';
import { nodeId } from '../change-node';
import type { Command, CommandContext } from '../context';
import { CommandError } from '../failure';
import { knownHosts, sshArguments } from '../ssh-arguments';

/** ssh(1) to a node, with what its record says. The status is that of ssh. */
export const run: Command = async (context, [given = '', ...command], options) => {
  const id = nodeId(given);
  const store = await context.store();
  const node = (await store.nodes.get(id))?.record;
  if (node === undefined) throw new CommandError(`Node id ${given} not found`);
  const text = (key: string) => (typeof options[key] === 'string' ? options[key] : undefined);
  const wishes = { user: text('user'), identity: text('identity'), insecure: options['insecure'] === true, command };
  const folder = await mkdtemp(join(tmpdir(), 'nodepool-ssh-'));
  const file = join(folder, 'known_hosts');
  try {
    const args = sshArguments(id, node, file, wishes);
    if (node.hostKeys.length === 0)
      context.complain(`node ${id} has no host keys on record: whoever answers is believed`);
    await writeFile(file, knownHosts(node));
    await store.zk.close(); // no session is kept while the shell is open
    return await runSsh(args, context.io.env);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function runSsh(args: readonly string[], env: CommandContext['io']['env']): Promise<number> {
  try {
    return await runInForeground({ file: 'ssh', args, env });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new CommandError('ssh is not installed (package openssh-client)', { cause: error });
  }
}
