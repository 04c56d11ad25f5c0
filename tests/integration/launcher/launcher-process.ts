import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Fleet } from './fleet';

const root = join(__dirname, '../../..');

/** A launcher as a process of its own, so that it can be killed and frozen. */
export class LauncherProcess {
  readonly #child: ChildProcess;
  #output = '';
  /** When all it has printed is read. */
  readonly #closed: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = once(child, 'close');
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
        if (process.env['TEST_LOG'] !== undefined) process.stderr.write(chunk);
      });
    }
  }

  /**
   * `config` without ZooKeeper: that of the fleet, or what stands between, is added, with a session timeout of two seconds
   * unless it says another.
   * Resolves when it is ready.
   */
  static async start(
    fleet: Fleet,
    name: string,
    config: string,
    hosts = fleet.server.hosts,
    moreEnv: NodeJS.ProcessEnv = {},
  ): Promise<LauncherProcess> {
    const [host, port] = hosts.split(':');
    const file = fleet.writeConfig(
      name,
      `zookeeper-servers: [{host: ${host}, port: ${port}}]\n` +
        `${config.includes('zookeeper-timeout:') ? '' : 'zookeeper-timeout: 2.0\n'}` +
        `webapp: {port: 0, listen_address: 127.0.0.1}\n${config}`,
    );
    const child = spawn(
      process.execPath,
      ['-r', './tests/support/register.js', 'tests/integration/launcher/child-launcher.ts', '-f', '-c', file],
      { cwd: root, env: { ...process.env, ...fleet.cloud.env, ...moreEnv }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const it = new LauncherProcess(child);
    fleet.adopt(it, it.#closed);
    await it.untilPrinted('launcher is ready');
    return it;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** For messages: whether it runs, and how it ended. */
  get state(): string {
    const { exitCode, signalCode } = this.#child;
    return signalCode ?? (exitCode === null ? `runs, pid ${this.pid}` : `exit code ${exitCode}`);
  }

  get output(): string {
    return this.#output;
  }

  /** Of its status pages. */
  get webUrl(): string {
    return /status pages are served url=(\S+)/.exec(this.#output)![1]!;
  }

  async untilPrinted(text: string): Promise<void> {
    while (!this.#output.includes(text)) {
      const [event] = (await Promise.race([
        once(this.#child.stdout!, 'data').then(() => ['data']),
        once(this.#child.stderr!, 'data').then(() => ['data']),
        this.#closed.then(() => ['close']),
      ])) as [string];
      const { exitCode, signalCode } = this.#child;
      if (event === 'close' && !this.#output.includes(text))
        throw new Error(`launcher has ended (${signalCode ?? exitCode}):\n${this.#output}`);
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exit;
    return this.#child.exitCode;
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }
}
