import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createWriteStream, existsSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { freePorts } from './free-ports';
import { makeFolder } from '../../runtime/make-folder';

/**
 * A ZooKeeper of our own: a child process on free ports with its data in a temporary folder. The quickstart and the
 * tests use it, and never one that they did not start.
 */
export interface PrivateServerOptions {
  readonly clock: Clock;
  /** Where data and log go; made and removed again unless given. */
  readonly folder?: string;
  /** Number of members; 1 = standalone. */
  readonly members?: number;
  /** Smallest unit of time, milliseconds; sessions may be 2 to 20 ticks long (`maxSessionTimeoutMs` raises the upper end). */
  readonly tickMs?: number;
  readonly maxSessionTimeoutMs?: number;
  /** Whether writes are forced to disk. False is faster and fine for tests; benchmarks say true. */
  readonly fsync?: boolean;
  /** Serve TLS as well: PEM files, client certificates required. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** More lines for the configuration, e.g. `globalOutstandingLimit=1000`. */
  readonly config?: readonly string[];
  /** More Java system properties, e.g. `zookeeper.extendedTypesEnabled=true`. */
  readonly properties?: Readonly<Record<string, string>>;
  /** A longer warm-up and faster code; for benchmarks. */
  readonly fullJit?: boolean;
}

/** One server process. All methods act on this member only. */
export interface Member {
  readonly number: number;
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly logFile: string;
  readonly pid: number | undefined;
  /** Stops the world for this process (SIGSTOP); its kernel still accepts connections. */
  freeze(): void;
  thaw(): void;
  /** kill -9; the data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same ports and data. */
  restart(): Promise<void>;
  /** Answer of a four letter word: `srvr`, `wchs`, `cons`, `dump`, `mntr`, … */
  ask(word: string): Promise<string>;
}

export interface PrivateServer {
  /** `host:port,…` of all members. */
  readonly hosts: string;
  readonly tlsHosts: string;
  readonly members: readonly Member[];
  /** The member that leads, or the only one. */
  leader(): Promise<Member>;
  /** Kills all and removes the folder if it was ours. */
  stop(): Promise<void>;
}

const JARS = [
  'zookeeper',
  'zookeeper-jute',
  'commons-cli',
  'metrics-core',
  'snappy-java',
  'slf4j-api',
  'slf4j-simple',
  'netty-all',
  'netty-handler',
  'netty-transport',
  'netty-buffer',
  'netty-common',
  'netty-codec',
  'netty-resolver',
  'netty-transport-native-unix-common',
  'netty-transport-native-epoll',
];

/** Whether Debian's package of the server and a Java are installed. */
export function canStartZooKeeper(): boolean {
  return existsSync('/usr/share/java/zookeeper.jar') && existsSync('/usr/bin/java');
}

/** Starts the members and returns when all serve. */
export async function startZooKeeper(options: PrivateServerOptions): Promise<PrivateServer> {
  if (!canStartZooKeeper()) {
    throw new Error('ZooKeeper is not installed: apt-get install zookeeper (or name a running one)');
  }
  for (let left = START_TRIES; ; left -= 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (left <= 1 || !(error instanceof PortTakenError)) throw error;
    }
  }
}

const START_TRIES = 3;

/** Between looking for a free port and listening on it somebody else was faster. */
class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

async function startOnce(options: PrivateServerOptions): Promise<PrivateServer> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'nodepool-zookeeper-')));
  const count = options.members ?? 1;
  const ports = await freePorts(count * 4, systemRandom);
  const seats: Seat[] = Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    folder: join(folder, `member-${index + 1}`),
    port: ports[index * 4]!,
    peerPort: ports[index * 4 + 1]!,
    electionPort: ports[index * 4 + 2]!,
    tlsPort: options.tls === undefined ? undefined : ports[index * 4 + 3]!,
  }));
  const members = seats.map((seat) => new ServerProcess(seat, seats, options));
  const stop = async () => {
    await Promise.all(members.map((it) => it.kill()));
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(members.map((it) => it.prepare()));
    await Promise.all(members.map((it) => it.restart()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    hosts: members.map((it) => `${it.host}:${it.port}`).join(','),
    tlsHosts: members.map((it) => `${it.host}:${it.tlsPort}`).join(','),
    members,
    leader: () => findLeader(members, options.clock),
    stop,
  };
}

interface Seat {
  readonly number: number;
  readonly folder: string;
  readonly port: number;
  readonly peerPort: number;
  readonly electionPort: number;
  readonly tlsPort: number | undefined;
}

class ServerProcess implements Member {
  readonly host = '127.0.0.1';
  readonly logFile: string;
  #child: ChildProcess | undefined;

  constructor(
    private readonly seat: Seat,
    private readonly all: readonly Seat[],
    private readonly options: PrivateServerOptions,
  ) {
    this.logFile = join(seat.folder, 'server.log');
  }

  get number(): number {
    return this.seat.number;
  }
  get port(): number {
    return this.seat.port;
  }
  get tlsPort(): number | undefined {
    return this.seat.tlsPort;
  }
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async prepare(): Promise<void> {
    await makeFolder(join(this.seat.folder, 'data'));
    await writeFile(join(this.seat.folder, 'data', 'myid'), `${this.seat.number}\n`);
    if (this.options.tls !== undefined) await this.#writeKeyStores(this.options.tls);
    await writeFile(join(this.seat.folder, 'zoo.cfg'), this.#config().join('\n') + '\n');
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async restart(): Promise<void> {
    await this.kill();
    // Apart from the terminal's signals, which are for the program that owns it, but dying with that program.
    const dyingWithUs = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] : [];
    const [program, ...words] = [...dyingWithUs, '/usr/bin/java', ...this.#arguments()];
    const child = spawn(program!, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const log = createWriteStream(this.logFile, { flags: 'a' });
    child.stdout.pipe(log);
    child.stderr.pipe(log, { end: false });
    this.#child = child;
    await this.#untilServing(child);
  }

  ask(word: string): Promise<string> {
    return fourLetterWord(this.host, this.seat.port, word);
  }

  async #untilServing(child: ChildProcess): Promise<void> {
    const { clock } = this.options;
    const limit = clock.monotonic() + 60_000;
    while (clock.monotonic() < limit) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      const answer = await this.ask('srvr').catch(() => '');
      if (/^Mode: /m.test(answer) && (await this.#isOurs())) return;
      await clock.sleep(50);
    }
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    const tail = log.split('\n').slice(-15).join('\n');
    await this.kill();
    const Kind = log.includes('Address already in use') ? PortTakenError : Error;
    throw new Kind(`ZooKeeper did not start on port ${this.seat.port}; end of its log:\n${tail}`);
  }

  /** What answers on the port may be somebody else's server, which was faster. */
  async #isOurs(): Promise<boolean> {
    return (await this.ask('conf').catch(() => '')).includes(join(this.seat.folder, 'data'));
  }

  #arguments(): string[] {
    const jit = this.options.fullJit === true ? [] : ['-XX:TieredStopAtLevel=1'];
    const properties: Record<string, string> = {
      'zookeeper.4lw.commands.whitelist': '*',
      'zookeeper.admin.enableServer': 'false',
      'zookeeper.forceSync': this.options.fsync === false ? 'no' : 'yes',
      'org.slf4j.simpleLogger.defaultLogLevel': 'warn',
      ...(this.options.tls === undefined
        ? {}
        : { 'zookeeper.serverCnxnFactory': 'org.apache.zookeeper.server.NettyServerCnxnFactory' }),
      ...this.options.properties,
    };
    return [
      '-Xmx512m',
      '-XX:+UseSerialGC',
      ...jit,
      ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
      '-cp',
      JARS.map((it) => `/usr/share/java/${it}.jar`).join(':'),
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      join(this.seat.folder, 'zoo.cfg'),
    ];
  }

  #config(): string[] {
    const { tickMs = 500, maxSessionTimeoutMs = 60_000, tls, config = [] } = this.options;
    return [
      `tickTime=${tickMs}`,
      'initLimit=20',
      'syncLimit=10',
      `dataDir=${join(this.seat.folder, 'data')}`,
      `clientPort=${this.seat.port}`,
      'clientPortAddress=127.0.0.1',
      `maxSessionTimeout=${maxSessionTimeoutMs}`,
      'maxClientCnxns=0',
      'preAllocSize=1024',
      ...(this.all.length === 1
        ? []
        : this.all.map((it) => `server.${it.number}=127.0.0.1:${it.peerPort}:${it.electionPort}`)),
      ...(tls === undefined
        ? []
        : [
            `secureClientPort=${this.seat.tlsPort}`,
            'ssl.clientAuth=need',
            `ssl.keyStore.location=${join(this.seat.folder, 'key.pem')}`,
            `ssl.trustStore.location=${join(this.seat.folder, 'ca.pem')}`,
            'ssl.keyStore.type=PEM',
            'ssl.trustStore.type=PEM',
          ]),
      ...config,
    ];
  }

  async #writeKeyStores(tls: { cert: string; key: string; ca: string }): Promise<void> {
    const [cert, key, ca] = await Promise.all([tls.cert, tls.key, tls.ca].map((it) => readFile(it, 'utf8')));
    await writeFile(join(this.seat.folder, 'key.pem'), `${key}\n${cert}`, { mode: 0o600 });
    await writeFile(join(this.seat.folder, 'ca.pem'), ca!);
  }
}

/** An election takes a moment: members that have none yet are asked again. */
async function findLeader(members: readonly ServerProcess[], clock: Clock): Promise<Member> {
  const limitMs = clock.monotonic() + 30_000;
  while (clock.monotonic() < limitMs) {
    for (const member of members) {
      const mode = /^Mode: (\w+)/m.exec(await member.ask('srvr').catch(() => ''))?.[1];
      if (mode === 'leader' || mode === 'standalone') return member;
    }
    await clock.sleep(50);
  }
  throw new Error('no member leads');
}

function fourLetterWord(host: string, port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host, port }, () => socket.write(word));
    socket.setTimeout(2_000, () => socket.destroy(new Error(`no answer to ${word}`)));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
  });
}
