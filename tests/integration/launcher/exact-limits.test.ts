import type { Json } from '../../../src/model/json';
import { pick, seededRandom, systemRandom } from '../../../src/runtime/random';
import { Fleet, type Peer } from './fleet';
import { fleetPicture } from './fleet-picture';
import { LauncherProcess } from './launcher-process';

const SEED = Number(process.env['TEST_SEED'] ?? Math.floor(systemRandom.next() * 1_000_000));
const REQUESTS = 60;
const OUTSTANDING = 12;
/** Some seconds do; who waits longer waits for ever. */
const PATIENCE_MS = 200_000;
const LAUNCHES = 3;
/** As the cloud counts them. Any three nodes fit. */
const POOL = { instances: 9, cores: 20, ram: 28 * 1024, volumes: 4, 'volume-gb': 35 };
const TENANT = { instances: 4, cores: 13, ram: 25 * 1024, volumes: 3 };

/** Nodes that take much of one resource each, so that now the one limit binds and now the other. */
const LABELS = ['small', 'large', 'wide', 'disk'];
const CONFIG = `
labels: [${LABELS.map((it) => `{name: ${it}}`).join()}]
tenant-resource-limits:
  - {tenant-name: acme, max-servers: ${TENANT.instances}, max-cores: ${TENANT.cores}, max-ram: ${TENANT.ram}, max-volumes: ${TENANT.volumes}}
providers:
  - name: fake-east
    driver: fake
    cloud: fake
    rate: 1000
    CONCURRENCY
    fake:
      boot-time: 0.02
      limits: {instances: -1, cores: -1, ram: -1, volumes: -1, volume-gb: -1}
      flavors:
        - {id: f1, name: One, ram: 1024, vcpus: 1}
        - {id: f4, name: Four, ram: 4096, vcpus: 4}
        - {id: f8, name: Wide, ram: 8192, vcpus: 1}
    cloud-images: [{name: precise, image-name: Fake Precise, username: admin}]
    pools:
      - name: main
        max-servers: ${POOL.instances}
        max-cores: ${POOL.cores}
        max-ram: ${POOL.ram}
        max-volumes: ${POOL.volumes}
        max-volume-gb: ${POOL['volume-gb']}
        host-key-checking: false
        labels:
          - {name: small, flavor-name: One, TENANT}
          - {name: large, flavor-name: Four, TENANT}
          - {name: wide, flavor-name: Wide, TENANT}
          - {name: disk, flavor-name: One, boot-from-volume: true, volume-size: 10, TENANT}
`.replaceAll('TENANT', "cloud-image: precise, dynamic-instance-properties: {tenant_name: '{request.tenant_name}'}");

describe(`limits that three launchers share (seed ${SEED})`, () => {
  let fleet: Fleet;
  let launchers: LauncherProcess[] = [];
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(async () => {
    await Promise.all(launchers.splice(0).map((it) => it.kill()));
    await fleet.reset();
  });
  afterAll(() => fleet.stop());

  const start = async (concurrency: string) => {
    const config = CONFIG.replace('CONCURRENCY', concurrency);
    launchers = await Promise.all([1, 2, 3].map((it) => LauncherProcess.start(fleet, `exact-${it}`, config)));
  };

  test('are never exceeded, though one of them is killed meanwhile', async () => {
    const peer = await fleet.peer();
    await start('');
    let served = 0;
    await race(peer, launchers, LABELS, () => {
      served += 1;
      if (served === REQUESTS / 3) void launchers[0]!.kill();
    });
    expect(served).toBe(REQUESTS);
    const { peaks } = fleet.cloud.cloud.inspect();
    expectPeaks(peaks, 'account:fake-east', POOL);
    expectPeaks(peaks, 'tenant_name=acme', TENANT);
  }, 240_000);

  test('bound the launches under way of all of them together', async () => {
    const peer = await fleet.peer();
    await start(`max-concurrency: ${LAUNCHES}`);
    const view = peer.store.nodes.view();
    await view.ready();
    let most = 0;
    view.onChange(() => {
      const launching = [...view.nodes.values()].filter((it) => it.record?.state === 'building');
      most = Math.max(most, launching.length);
    });
    await race(peer, launchers, ['small', 'small', 'large'], () => undefined);
    expect(most).toBe(LAUNCHES);
  }, 240_000);
});

/** Requests of mixed sizes and tenants, whose nodes are given back as soon as they are there. */
async function race(
  peer: Peer,
  launchers: readonly LauncherProcess[],
  choice: readonly string[],
  onServed: () => void,
): Promise<void> {
  const { scheduler } = peer;
  const random = seededRandom(SEED);
  const stop = AbortSignal.timeout(PATIENCE_MS);
  let left = REQUESTS;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const labels = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => pick(random, choice));
      const tenantName = Math.floor(random.next() * 2) === 0 ? 'acme' : 'other';
      const request = await scheduler.submit({ labels, tenantName });
      expect(await scheduler.await(request, stop)).toMatchObject({ state: 'fulfilled' });
      const nodes = await scheduler.accept(request, stop);
      await nodes.use();
      await nodes.release();
      onServed();
    }
  };
  await Promise.all(Array.from({ length: OUTSTANDING }, worker)).catch(async (error: unknown) => {
    if (!stop.aborted) throw error;
    throw new Error(`a request waited in vain:\n${await fleetPicture(peer, launchers)}`, { cause: error });
  });
}

/** Within the limits, and near them: else that would mean nothing. */
function expectPeaks(peaks: Record<string, Json>, scope: string, limits: Readonly<Record<string, number>>): void {
  const peak = peaks[scope] as Readonly<Record<string, number>>;
  const beyond = Object.entries(limits).filter(([key, limit]) => peak[key]! > limit);
  const far = Object.entries(limits).filter(([key, limit]) => peak[key]! <= limit / 3);
  expect({ scope, peak, beyond, far }).toEqual({ scope, peak, beyond: [], far: [] });
}
