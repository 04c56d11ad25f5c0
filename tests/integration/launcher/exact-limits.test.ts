import type { Json } from '../../../src/model/json';
import { seededRandom, systemRandom } from '../../../src/runtime/random';
import { Fleet, type Peer } from './fleet';
import { LauncherProcess } from './launcher-process';

const SEED = Number(process.env['TEST_SEED'] ?? Math.floor(systemRandom.next() * 1_000_000));
const REQUESTS = 60;
const OUTSTANDING = 12;
const LIMITS = { servers: 9, cores: 20, tenantServers: 4, launches: 3 };

/** Small nodes of one core and large ones of four, so that now the one limit binds and now the other. */
const CONFIG = `
labels: [{name: small}, {name: large}]
tenant-resource-limits: [{tenant-name: acme, max-servers: ${LIMITS.tenantServers}}]
providers:
  - name: fake-east
    driver: fake
    cloud: fake
    rate: 1000
    CONCURRENCY
    fake:
      boot-time: 0.02
      limits: {instances: -1, cores: -1, ram: -1}
      flavors:
        - {id: f1, name: One, ram: 1024, vcpus: 1}
        - {id: f4, name: Four, ram: 4096, vcpus: 4}
    cloud-images: [{name: precise, image-name: Fake Precise, username: admin}]
    pools:
      - name: main
        max-servers: ${LIMITS.servers}
        max-cores: ${LIMITS.cores}
        host-key-checking: false
        labels:
          - {name: small, cloud-image: precise, flavor-name: One, dynamic-instance-properties: {tenant_name: '{request.tenant_name}'}}
          - {name: large, cloud-image: precise, flavor-name: Four, dynamic-instance-properties: {tenant_name: '{request.tenant_name}'}}
`;

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
    await race(peer, () => {
      served += 1;
      if (served === REQUESTS / 3) void launchers[0]!.kill();
    });
    expect(served).toBe(REQUESTS);
    const { peaks } = fleet.cloud.cloud.inspect();
    expect(usage(peaks, 'account:fake-east').instances).toBeLessThanOrEqual(LIMITS.servers);
    expect(usage(peaks, 'account:fake-east').cores).toBeLessThanOrEqual(LIMITS.cores);
    expect(usage(peaks, 'tenant_name=acme').instances).toBeLessThanOrEqual(LIMITS.tenantServers);
    // They would mean nothing if nothing had come near them.
    expect(usage(peaks, 'account:fake-east').instances).toBeGreaterThan(LIMITS.servers / 2);
    expect(usage(peaks, 'tenant_name=acme').instances).toBeGreaterThan(1);
  }, 120_000);

  test('bound the launches under way of all of them together', async () => {
    const peer = await fleet.peer();
    await start(`max-concurrency: ${LIMITS.launches}`);
    const view = peer.store.nodes.view();
    await view.ready();
    let most = 0;
    view.onChange(() => {
      const launching = [...view.nodes.values()].filter((it) => it.record?.state === 'building');
      most = Math.max(most, launching.length);
    });
    await race(peer, () => undefined);
    expect(most).toBe(LIMITS.launches);
  }, 120_000);
});

/** Requests of mixed sizes and tenants, whose nodes are given back as soon as they are there. */
async function race({ scheduler }: Peer, onServed: () => void): Promise<void> {
  const random = seededRandom(SEED);
  const stop = AbortSignal.timeout(110_000);
  let left = REQUESTS;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const labels = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () =>
        Math.floor(random.next() * 3) === 0 ? 'large' : 'small',
      );
      const tenantName = Math.floor(random.next() * 2) === 0 ? 'acme' : 'other';
      const request = await scheduler.submit({ labels, tenantName });
      expect(await scheduler.await(request, stop)).toMatchObject({ state: 'fulfilled' });
      const nodes = await scheduler.accept(request, stop);
      await nodes.use();
      await nodes.release();
      onServed();
    }
  };
  await Promise.all(Array.from({ length: OUTSTANDING }, worker));
}

function usage(peaks: Record<string, Json>, scope: string): { readonly instances: number; readonly cores: number } {
  expect(Object.keys(peaks)).toContain(scope);
  return peaks[scope] as unknown as { readonly instances: number; readonly cores: number };
}
