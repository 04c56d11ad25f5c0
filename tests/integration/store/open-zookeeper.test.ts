import { systemClock } from '../../../src/runtime/clock';
import { type Fields, type Logger, silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { TestAuthority } from '../../support/certificates';
import { emptyTreeAfterFailure } from '../../support/empty-tree';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

describe('opening ZooKeeper', () => {
  const authority = new TestAuthority();
  let server: PrivateServer;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tls: authority.issue() });
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterAll(async () => {
    await server.stop();
    authority.remove();
  });

  test.each(['plain', 'TLS'] as const)('over %s, with the last part of the chroot made on demand', async (way) => {
    const [hosts, tls] = way === 'TLS' ? [server.tlsHosts, authority.issue()] : [server.hosts, undefined];
    const zk = await openZooKeeper({ hosts: `${hosts}/tree-${way}`, tls, timeoutSeconds: 5 }, tools);
    await zk.connected();
    await zk.create('/nodepool', Buffer.alloc(0));
    expect((await zk.children('/')).children).toEqual(['nodepool']);
    await zk.close();
    const again = await openZooKeeper({ hosts: `${hosts}/tree-${way}`, tls }, tools);
    await again.connected();
    expect((await again.children('/')).children).toEqual(['nodepool']);
    await again.close();
  });

  test('a chroot whose parent is missing is told', async () => {
    const errors: [string, Fields | undefined][] = [];
    const zk = await new Promise<ZooKeeper>((told, failed) => {
      const log: Logger = {
        ...silentLogger,
        error: (message, fields) => {
          errors.push([message, fields]);
          opened.then(told, failed);
        },
      };
      const opened = openZooKeeper({ hosts: `${server.hosts}/no/such` }, { ...tools, log });
    });
    expect(errors).toEqual([['the parent of the chroot does not exist', { chroot: '/no/such' }]]);
    await zk.close();
  });
});
