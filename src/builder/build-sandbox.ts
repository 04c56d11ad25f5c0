import { type Command, runCommand } from '../runtime/processes';

/**
 * Runs the tool in mount and process namespaces of its own: SIGKILL to the one process that stands outside ends every child,
 * closes the output at once and drops every mount, and our own death, `kill -9` included, does the same.
 */
export const SANDBOX: readonly string[] = [
  ...['setpriv', '--pdeathsig', 'KILL'],
  ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

/** The words to put before the tool: the sandbox where this machine allows it, else none (a plain process group). */
export async function probeSandbox(env: Command['env']): Promise<readonly string[]> {
  const [file, ...args] = SANDBOX;
  const result = await runCommand({ file: file!, args: [...args, 'true'], env }).catch(() => undefined); // not installed
  return result?.code === 0 ? SANDBOX : [];
}
