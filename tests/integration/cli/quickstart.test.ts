import { PassThrough, Readable } from 'node:stream';
import { main } from '../../../src/cli/quickstart/command';
import { checkLaunches } from '../../../src/cli/quickstart/watch-pool';
import { silentLogger } from '../../../src/runtime/log';
import { systemClock } from '../../../src/runtime/clock';
import { systemRandom } from '../../../src/runtime/random';
import { openStore } from '../../../src/store/store';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { emptyTreeAfterFailure } from '../../support/empty-tree';
import { connectTo, loadTree } from './load-tree';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const never = new AbortController().signal;

/** What a quickstart does with a ZooKeeper that it is given; the whole of it is `bin/quickstart --once`. */
describe('a quickstart', () => {
  let server: PrivateServer;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterAll(() => server.stop());

  const quickstart = async (...args: string[]) => {
    const out = new PassThrough();
    const status = await main(args, {
      stdout: out,
      stderr: out,
      stdin: Readable.from([]),
      env: {},
      stop: { drain: never, now: never },
      onSignal: () => () => undefined,
    });
    return { status, text: String(out.read()) };
  };

  test('neither works in nor empties a tree that is in use', async () => {
    const zk = await connectTo(server.hosts);
    await loadTree(zk, '21-request-fulfilled-two-nodes', '/farm');
    const before = await zk.countDescendants('/farm');
    const { status, text } = await quickstart('--simulated', '--once', '--zookeeper', `${server.hosts}/farm`);
    expect(status).toBe(1);
    expect(text).toContain(`error: there is something at ${server.hosts}/farm already (nodepool); name another chroot`);
    expect(await zk.countDescendants('/farm')).toBe(before);
    await zk.close();
  });

  test('ends when a request for its nodes has failed, with what to read', async () => {
    const outside = await connectTo(server.hosts);
    await loadTree(outside, '31-request-failed-launch-error', '/failed');
    const zk = await openZooKeeper({ hosts: `${server.hosts}/failed` }, tools);
    const store = openStore(zk, tools);
    await store.requests.view().ready();
    expect(() => checkLaunches(store, () => 'read the log')).toThrow(/^request 200-\d{10} failed; read the log$/);
    await store.close();
    await zk.close();
    await outside.close();
  });
});
