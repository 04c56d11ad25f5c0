import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, DEB } from '../../support/builder-farm';
import { nodepool } from '../cli/run-cli';

describe('an image with a content key', () => {
  let server: PrivateServer;
  let farm: BuilderFarm;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    farm = await BuilderFarm.open(server);
  });
  afterEach(() => farm.close());

  test('is built by schedule only when its inputs changed, and always when asked for', async () => {
    const elementsDir = join(farm.folder, 'elements');
    const file = join(elementsDir, 'one', 'package');
    await mkdir(join(elementsDir, 'one'), { recursive: true });
    await writeFile(file, 'first');
    const diskImages = [...DEB, '  rebuild-age: 1', '  content-key: true', '  env-vars: {TOKEN: hunter22}'];
    const builder = await farm.start('one', { diskImages, elementsDir });
    await builder.says(/image is kept: nothing that it is made from has changed/);
    const [first] = [...farm.builds().keys()];
    const { record } = (await farm.store.images.getBuild({ image: 'deb', build: first! }))!;
    expect(record).toMatchObject({ state: 'ready', formats: ['qcow2'] });
    expect(Number(record.unknown!['content_checked_at']!.value())).toBeGreaterThan(record.stateTime);
    expect(record.unknown!['content_key']!.value()).toMatch(/^[0-9a-f]{64}$/);

    const another = (known: readonly string[]) =>
      farm.until((images) =>
        [...images.get('deb')!.builds.values()].find(
          (it) => !known.includes(it.key.build) && it.record?.state === 'ready',
        ),
      );
    await farm.store.images.requestBuild('deb');
    const second = (await another([first!])).key.build;
    await writeFile(file, 'second');
    await another([first!, second]);
    const config = join(farm.folder, 'one', 'nodepool.yaml');
    const { stdout } = await nodepool(['-c', config, 'image-history', 'deb', '--format', 'json']);
    const rows = JSON.parse(stdout) as { readonly result: string; readonly reasons: readonly string[] }[];
    const results = rows.map((it) => [it.result, it.reasons[0]]).reverse();
    expect(results.slice(0, 2)).toEqual([
      ['ready', 'missing'],
      ['unchanged', 'expired'],
    ]);
    expect(results).toContainEqual(['ready', 'requested']);
    expect(results).toContainEqual(['ready', 'expired']);
  });
});
