import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { configText, Fleet } from '../launcher/fleet';
import { TcpProxy } from '../../support/tcp-proxy';
import { LauncherProcess } from '../launcher/launcher-process';
import { ask, EventReader } from '../../unit/web/fetch';

const CONFIG = configText({ minReady: { small: 1 } });
const JSON_ONLY = { accept: 'application/json' };

describe('a launcher as a process', () => {
  let fleet: Fleet;
  const launchers: LauncherProcess[] = [];
  const proxies: TcpProxy[] = [];
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(async () => {
    for (const it of launchers.splice(0)) await it.kill();
    for (const it of proxies.splice(0)) await it.close();
  });
  afterAll(() => fleet.stop());

  test('serves what it does, tells changes, and closes its port when it stops', async () => {
    const launcher = await LauncherProcess.start(fleet, 'web', CONFIG);
    launchers.push(launcher);
    const url = launcher.webUrl;
    expect((await ask(`${url}/ready`)).text).toBe('OK');
    expect((await ask(`${url}/label-list`, { headers: JSON_ONLY })).text).toBe('[{"label": "small"}]');
    const events = await EventReader.open(`${url}/api/v1/events`);
    const ready = async () => {
      const nodes = JSON.parse((await ask(`${url}/api/v1/nodes?state=ready`)).text) as { id: string }[];
      return nodes[0]?.id;
    };
    let id = await ready();
    while (id === undefined) {
      if ((await events.next()) === undefined) throw new Error('the stream has ended');
      id = await ready();
    }
    events.close();
    const list = JSON.parse((await ask(`${url}/node-list`, { headers: JSON_ONLY })).text) as object[];
    expect(list).toMatchObject([{ id, provider: 'fake-east', label: ['small'], state: 'ready', pool: 'main' }]);
    expect((await ask(`${url}/node-list`)).text).toContain(`| ${id} | fake-east | small |`);
    expect(await launcher.kill('SIGTERM')).toBe(0);
    await expect(ask(`${url}/ready`)).rejects.toThrow('ECONNREFUSED');
  });

  test('is ready no more while ZooKeeper is out of reach, shows what it knows, and is ready again', async () => {
    const [host, port] = fleet.server.hosts.split(':');
    const proxy = await TcpProxy.open({ host: host!, port: Number(port) });
    proxies.push(proxy);
    const launcher = await LauncherProcess.start(fleet, 'lost', CONFIG, proxy.hosts);
    launchers.push(launcher);
    const url = launcher.webUrl;
    const until = async (status: number) => {
      while ((await ask(`${url}/ready`)).status !== status) await ask(`${url}/health`);
    };
    await until(200);
    proxy.cut(true);
    await until(503);
    const { error } = JSON.parse((await ask(`${url}/ready`)).text) as { error: { code: string; message: string } };
    expect(error).toMatchObject({ code: 'not-ready' });
    expect(error.message).toMatch(/^ZooKeeper is (suspended|lost)$/);
    const list = await ask(`${url}/node-list`, { headers: JSON_ONLY });
    expect([list.status, list.headers.warning]).toEqual([200, '110 - "Response is Stale"']);
    expect((await ask(`${url}/health`)).status).toBe(200);
    proxy.mend();
    await until(200);
  });

  test('whose port is taken says so and ends', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const config = `${CONFIG}\nwebapp: {port: ${port}, listen_address: 127.0.0.1}\n`;
    await expect(LauncherProcess.start(fleet, 'taken', config)).rejects.toThrow(
      `nodepool-launcher: cannot listen at 127.0.0.1 port ${port}`,
    );
    other.close();
  });
});
