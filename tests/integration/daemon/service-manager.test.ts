import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { openLogs } from '../../../src/daemon/logs/open-logs';
import { parseLogFile } from '../../../src/daemon/logs/read-log-file';
import { serviceManager } from '../../../src/daemon/notify';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { startTestCloud, type TestCloud } from '../../support/fake-cloud';
import { ended, endDaemons, startDaemon, writeConfig } from './daemon-process';

/** What systemd is to a daemon: a datagram socket with a path. Says each message as a line of JSON. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`;

class Manager {
  readonly lines: string[] = [];
  readonly #lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcess) {
    this.#lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  }

  static async start(path: string): Promise<Manager> {
    const manager = new Manager(spawn('python3', ['-c', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] }));
    await manager.#lines.next();
    return manager;
  }

  /** Waits until it has heard this line. */
  async hears(line: string): Promise<void> {
    while (!this.lines.includes(line)) this.lines.push(...(await this.#next()));
  }

  async #next(): Promise<readonly string[]> {
    const { value, done } = (await this.#lines.next()) as { value: string; done: boolean };
    if (done) throw new Error(`was told only ${this.lines.join(', ')}`);
    return (JSON.parse(value) as string).trim().split('\n');
  }

  async hearsMatch(pattern: RegExp): Promise<void> {
    while (!this.lines.some((it) => pattern.test(it))) this.lines.push(...(await this.#next()));
  }

  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill();
    await exit;
  }
}

describe('the service manager', () => {
  let server: PrivateServer;
  let cloud: TestCloud;
  let folder: string;
  let manager: Manager;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tickMs: 500 });
    cloud = await startTestCloud();
  });
  afterAll(async () => {
    await cloud.close();
    await server.stop();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nodepool-notify-'));
    manager = await Manager.start(join(folder, 'notify'));
  });
  afterEach(async () => {
    await endDaemons();
    await manager.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('hears of a launcher from its start to its end', async () => {
    const file = writeConfig(folder, server, '/manager');
    const env = { NOTIFY_SOCKET: join(folder, 'notify'), WATCHDOG_USEC: '900000' };
    const child = startDaemon('nodepool-launcher', ['-f', '--no-webapp', '-c', file], cloud, env);
    const end = ended(child);
    await manager.hears('STATUS=waiting for ZooKeeper');
    await manager.hears('READY=1');
    await manager.hears(`MAINPID=${child.pid}`);
    await manager.hears('STATUS=running');
    await manager.hears('WATCHDOG=1');
    child.kill('SIGHUP');
    await manager.hears('RELOADING=1');
    child.kill('SIGTERM');
    await manager.hears('STOPPING=1');
    expect(await end).toMatchObject({ status: 0 });
  });

  test('is told by perl where there is no systemd-notify', async () => {
    const env = { NOTIFY_SOCKET: join(folder, 'notify'), PATH: join(folder, 'bin') };
    const { mkdirSync, symlinkSync } = await import('node:fs');
    mkdirSync(env.PATH);
    symlinkSync('/usr/bin/perl', join(env.PATH, 'perl'));
    const told = serviceManager({ clock: systemClock, log: silentLogger, env, pid: 7 });
    told.ready();
    await told.close();
    await manager.hears('MAINPID=7');
    expect(manager.lines).toEqual(['READY=1', 'MAINPID=7']);
  });

  test('syslog of this machine hears each record with its priority', async () => {
    const plan = parseLogFile(
      '/etc/l.yaml',
      `version: 1
formatters: {f: {format: '%(levelname)s %(message)s'}}
handlers:
  s: {class: logging.handlers.SysLogHandler, address: ${join(folder, 'notify')}, facility: daemon, formatter: f}
root: {level: INFO, handlers: [s]}
`,
    ).plan!;
    const logs = openLogs(plan, process, systemClock);
    logs.logger.info('one');
    logs.logger.error('two');
    await manager.hearsMatch(/^<30>.*nodepool: INFO one$/);
    await manager.hearsMatch(/^<27>.*nodepool: ERROR two$/);
    logs.close();
  });
});
