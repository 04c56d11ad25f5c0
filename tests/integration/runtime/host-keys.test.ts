import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Server as TcpServer, type Socket, createServer } from 'node:net';
import { Server as SshServer, utils } from 'ssh2';
import { systemClock } from '../../../src/runtime/clock';
import { HostKeyScanTimeoutError, scanHostKeys } from '../../../src/runtime/host-keys';
import { ed25519Key } from '../../support/ssh-machine';

const never = new AbortController().signal;
const keys = {
  ed25519: ed25519Key(),
  nistp256: utils.generateKeyPairSync('ecdsa', { bits: 256 }),
  nistp521: utils.generateKeyPairSync('ecdsa', { bits: 521 }),
  rsa: {
    private: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }),
  },
};

/** Counts connections, so that the tests see that there is one at a time and none left. */
async function listen(onConnection: (socket: Socket) => void) {
  const open = new Set<Socket>();
  const counts = { total: 0, most: 0 };
  const server: TcpServer = createServer((socket) => {
    open.add(socket);
    counts.total += 1;
    counts.most = Math.max(counts.most, open.size);
    socket.on('error', () => undefined); // the scanner hangs up in the middle
    socket.on('close', () => open.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    counts,
    open,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function sshServer(hostKeys: readonly string[]) {
  const ssh = new SshServer({ hostKeys: [...hostKeys] });
  const logins: string[] = [];
  ssh.on('connection', (client) => {
    client.on('error', () => undefined); // the scanner hangs up after the handshake
    client.on('authentication', (context) => {
      logins.push(context.method);
      context.reject();
    });
  });
  return { logins, accept: (socket: Socket) => ssh.injectSocket(socket) };
}

const target = (port: number, timeoutMs = 20_000) => ({ host: 'localhost', port, kind: 'ssh' as const, timeoutMs });

test('finds every kind of key of an SSH server, each once, without ever trying to log in', async () => {
  const ssh = sshServer([
    keys.rsa.private as string,
    keys.nistp521.private,
    keys.ed25519.private,
    keys.nistp256.private,
  ]);
  const server = await listen(ssh.accept);
  try {
    const found = await scanHostKeys({ ...target(server.port), host: '127.0.0.1' }, { clock: systemClock }, never);
    expect(found.map((it) => it.split(' ')[0])).toEqual([
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp521',
      'ssh-rsa',
    ]);
    expect(found[0]).toBe(keys.ed25519.line);
    expect(server.counts.total).toBe(7); // first, ed25519, three ECDSA, one RSA, DSS
    expect(ssh.logins).toEqual([]);
  } finally {
    await server.close();
  }
});

test('a port that accepts and says nothing is no answer, and an abort leaves no socket', async () => {
  const stop = new AbortController();
  const server = await listen(() => stop.abort(new Error('stopped')));
  try {
    const scan = scanHostKeys({ ...target(server.port), host: '127.0.0.1' }, { clock: systemClock }, stop.signal);
    await expect(scan).rejects.toThrow('stopped');
    await Promise.all([...server.open].map((it) => once(it.resume(), 'close')));
    expect(server.counts.total).toBe(1);
  } finally {
    await server.close();
  }
});

test('keeps trying while the port is closed, until the limit', async () => {
  const closed = await listen(() => undefined);
  await closed.close();
  const scan = scanHostKeys({ ...target(closed.port, 1_500), host: '127.0.0.1' }, { clock: systemClock }, never);
  await expect(scan).rejects.toMatchObject({ name: 'HostKeyScanTimeoutError', cause: { code: 'ECONNREFUSED' } });
  await expect(scan).rejects.toBeInstanceOf(HostKeyScanTimeoutError);
});

test('garbage instead of a banner does not end the scan', async () => {
  const ssh = sshServer([keys.ed25519.private]);
  let visits = 0;
  const server = await listen((socket) => {
    visits += 1;
    if (visits === 1) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    else ssh.accept(socket);
  });
  try {
    const found = await scanHostKeys({ ...target(server.port), host: '127.0.0.1' }, { clock: systemClock }, never);
    expect(found).toEqual([keys.ed25519.line]);
  } finally {
    await server.close();
  }
});
