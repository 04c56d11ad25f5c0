import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineStatus, withQmp } from '../../../../src/drivers/qemu/qmp';

const never = new AbortController().signal;
const GREETING = '{"QMP": {"version": {}, "capabilities": ["oob"]}}\r\n';

/** Stands in for QEMU: answers each command as told. */
describe('a conversation with a machine', () => {
  let folder: string;
  let server: Server;
  let sockets: Socket[];
  let commands: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nodepool-qmp-'));
    sockets = [];
    commands = [];
  });
  afterEach(async () => {
    for (const it of sockets) it.destroy();
    server.close();
    await once(server, 'close');
    await rm(folder, { recursive: true });
  });

  async function listen(answer: (command: string) => string, greeting = GREETING, where = folder): Promise<void> {
    server = createServer((socket) => {
      sockets.push(socket);
      socket.write(greeting);
      socket.on('data', (data) => {
        const { execute } = JSON.parse(data.toString()) as { execute: string };
        commands.push(execute);
        socket.write(answer(execute));
      });
    });
    server.listen(join(where, 'qmp.sock'));
    await once(server, 'listening');
  }
  const lines = (answers: Readonly<Record<string, string>>) => (command: string) =>
    `${answers[command] ?? '{"return": {}}'}\r\n`;

  test('negotiates, then asks; events in between are not answers', async () => {
    const event = '{"event": "RESUME", "timestamp": {}}\r\n';
    await listen(
      lines({ 'query-status': `${event}{"return": {"status": "running", "running": true}}` }),
      GREETING + event,
    );
    expect(await machineStatus(folder, never)).toBe('running');
    expect(commands).toEqual(['qmp_capabilities', 'query-status']);
  });

  test('a refusal is an error in the words of QEMU', async () => {
    await listen(lines({ quit: '{"error": {"class": "GenericError", "desc": "not now"}}' }));
    await expect(withQmp(folder, never, (it) => it.execute('quit'))).rejects.toThrow('quit: not now');
  });

  test('a machine that ends in the middle is an error', async () => {
    await listen(() => {
      setImmediate(() => sockets[0]!.destroy());
      return '';
    });
    await expect(machineStatus(folder, never)).rejects.toThrow('machine closed the connection');
  });

  test('what is not JSON is an error', async () => {
    await listen(lines({}), 'SSH-2.0\n');
    await expect(machineStatus(folder, never)).rejects.toThrow(/JSON/);
  });

  test('an answer may come in pieces', async () => {
    await listen((command) => {
      if (command !== 'query-status') return '{"return": {}}\n';
      setImmediate(() => sockets[0]!.write('us": "paused"}}\n'));
      return '{"return": {"stat';
    });
    expect(await machineStatus(folder, never)).toBe('paused');
  });

  test('ends with the signal', async () => {
    await listen(() => '', '');
    const stop = new AbortController();
    const status = machineStatus(folder, stop.signal);
    await once(server, 'connection');
    stop.abort(new Error('stop'));
    await expect(status).rejects.toThrow('stop');
  });

  test('a folder with a path longer than the address of a socket may be will do', async () => {
    const deep = join(folder, 'x'.repeat(200));
    await mkdir(deep);
    const handle = await open(deep);
    await listen(
      lines({ 'query-status': '{"return": {"status": "running"}}' }),
      GREETING,
      `/proc/self/fd/${handle.fd}`,
    );
    await handle.close();
    expect(await machineStatus(deep, never)).toBe('running');
  });
});
