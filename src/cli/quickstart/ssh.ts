import execa from 'execa';
import { writeFile } from 'node:fs/promises';
import type { Node } from '../../model/records';
import type { Workspace } from './workspace';

/** Writes the node's host keys where ssh looks for them, and returns the words of the command that logs in. */
export async function sshCommand(node: Node, workspace: Workspace): Promise<string[]> {
  const port = String(node.connectionPort);
  const host = port === '22' ? `${node.interfaceIp}` : `[${node.interfaceIp}]:${port}`;
  const { knownHosts } = workspace;
  await writeFile(knownHosts, node.hostKeys.map((key) => `${host} ${key}\n`).join(''));
  return [
    'ssh',
    ...[
      '-i',
      workspace.sshKey,
      '-p',
      port,
      '-o',
      `UserKnownHostsFile=${knownHosts}`,
      '-o',
      'StrictHostKeyChecking=yes',
    ],
    `${node.username}@${node.interfaceIp}`,
  ];
}

/** Runs a command on the node and returns what it printed. */
export async function runOnNode(ssh: readonly string[], command: string, signal: AbortSignal): Promise<string> {
  const [program, ...args] = ssh;
  const target = args.pop()!;
  const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30', '-o', 'IdentitiesOnly=yes', '-F', 'none'];
  const running = execa(program!, [...args, ...options, target, command], { timeout: 120_000 });
  const onAbort = () => running.cancel();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return (await running).stdout.trim();
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
