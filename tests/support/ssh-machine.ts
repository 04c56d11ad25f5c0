import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Server as SshServer, utils } from 'ssh2';

export interface HostKey {
  readonly private: string;
  /** `<type> <base64>`. */
  readonly line: string;
}

/** Of the keys that ssh2 makes, it cannot read one in some 400 itself: such a one is made again. */
export function ed25519Key(): HostKey {
  for (;;) {
    const { private: key, public: line } = utils.generateKeyPairSync('ed25519');
    if (!(utils.parseKey(key) instanceof Error)) return { private: key, line: line.trim() };
  }
}

export function rsaKey(): HostKey {
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
  const parsed = utils.parseKey(pem);
  if (parsed instanceof Error || Array.isArray(parsed)) throw new Error('not one key');
  return { private: pem as string, line: `ssh-rsa ${parsed.getPublicSSH().toString('base64')}` };
}

/** A machine on a port of 127.0.0.1: an SSH server of this process, which lets nobody in. */
export class SshMachine {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  /** Connections so far. */
  connections = 0;

  constructor(public keys: readonly HostKey[]) {}

  static async start(keys: readonly HostKey[]): Promise<SshMachine> {
    const machine = new SshMachine(keys);
    await machine.start();
    return machine;
  }

  get port(): number {
    return this.#port;
  }

  get lines(): readonly string[] {
    return this.keys.map((it) => it.line);
  }

  /** On the port it had before, if it had one. Without keys it takes connections and never says a word. */
  async start(): Promise<void> {
    const ssh = this.keys.length === 0 ? undefined : new SshServer({ hostKeys: this.keys.map((it) => it.private) });
    ssh?.on('connection', (client) => {
      client.on('error', () => undefined); // the scanner hangs up after the handshake
      client.on('authentication', (context) => context.reject());
    });
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('error', () => undefined); // as above
      socket.on('close', () => this.#sockets.delete(socket));
      ssh?.injectSocket(socket);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const it of this.#sockets) it.destroy();
    server.close();
    await once(server, 'close');
  }
}
