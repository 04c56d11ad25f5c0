import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonName } from '../../../src/daemon/daemon-flags';
import type { PrivateServer } from '../../../src/zk/server/private-server';
import { eventually } from '../../support/eventually';
import { FAKE_TOOL } from '../../support/builder-farm';
import type { TestCloud } from '../../support/fake-cloud';

const ROOT = join(__dirname, '..', '..', '..');

/** A configuration for all daemons: an image of the fake tool, and a pool of a simulated cloud with a ready node. */
export function writeConfig(folder: string, server: PrivateServer, chroot: string, more = ''): string {
  for (const it of ['images', 'logs']) mkdirSync(join(folder, it), { recursive: true });
  const [host, port] = server.hosts.split(':');
  const file = join(folder, 'nodepool.yaml');
  writeFileSync(
    file,
    `zookeeper-servers: [{host: ${host}, port: ${port}, chroot: ${chroot}}]
zookeeper-timeout: 4
images-dir: ${folder}/images
build-log-dir: ${folder}/logs
webapp: {port: 0, listen_address: 127.0.0.1}
labels: [{name: small, min-ready: 1}]
diskimages: [{name: deb, formats: [qcow2], dib-cmd: ${FAKE_TOOL}}]
providers:
  - name: fake-east
    driver: fake
    cloud: fake
    diskimages: [{name: deb}]
    pools:
      - name: main
        max-servers: 2
        labels: [{name: small, diskimage: deb, min-ram: 1024, host-key-checking: false}]
${more}`,
  );
  return file;
}

/** Starts a daemon from its source, without -f: it goes to the background, and this is the one that waits for it. */
export function startDaemon(
  name: DaemonName,
  args: readonly string[],
  cloud: TestCloud,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const argv = ['-r', './tests/support/register.js', 'tests/support/child-daemon.ts', ...args];
  const child = spawn(process.execPath, argv, {
    cwd: ROOT,
    env: { ...process.env, ...cloud.env, TEST_DAEMON: name, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.set(child, once(child, 'exit'));
  return child;
}

const started = new Map<ChildProcess, Promise<unknown>>();

/** To be called after each test: kills those that a test which failed has left. */
export async function endDaemons(): Promise<void> {
  for (const child of started.keys()) child.kill('SIGKILL');
  await Promise.all(started.values());
  started.clear();
}

/** The status of a process and all that it printed. */
export async function ended(child: ChildProcess): Promise<{ readonly status: number | null; readonly output: string }> {
  let output = '';
  for (const it of [child.stdout!, child.stderr!]) it.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}

export const textOf = (file: string) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

export const untilSays = (file: string, text: string | RegExp) =>
  eventually(() => (typeof text === 'string' ? textOf(file).includes(text) : text.test(textOf(file))));

/**
 * Has a daemon log what it does until that says this, and resolves with the lines of that dump. One dump tells of one moment,
 * and what it does may be seen from outside before. Every second one writes the CPU profile that the one before began.
 */
export async function untilDumps(pid: number, file: string, text: string): Promise<readonly string[]> {
  const answers = () => textOf(file).match(/CPU profile is (being taken|written)/g)?.length ?? 0;
  for (;;) {
    const [before, length] = [answers(), textOf(file).length];
    process.kill(pid, 'SIGUSR2');
    await eventually(() => answers() > before);
    const news = textOf(file).slice(length);
    if (news.includes(text)) return news.split('\n');
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(textOf(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
