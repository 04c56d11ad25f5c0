import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, DEB, fakeProvider } from '../../support/builder-farm';

describe('a builder that checks what it makes', () => {
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

  /** A program that says what it was given, and passes as long as the folder has no `broken`. */
  async function script(name: string, says: string): Promise<string> {
    const file = join(farm.folder, name);
    await writeFile(file, `#!/bin/sh\necho "${says}"\ntest ! -e ${farm.folder}/broken\n`, { mode: 0o755 });
    return file;
  }
  const uploads = (state: string) =>
    farm.until((images) => {
      const found = [...(images.get('deb')?.builds.values() ?? [])].flatMap((it) =>
        [...(it.providers.get('east')?.uploads.values() ?? [])].filter((upload) => upload.record?.state === state),
      );
      return found.length > 0 ? found : undefined;
    });
  const log = (build: string) => readFile(join(farm.logDir('one'), `deb-${build}.log`), 'utf8');

  test('an image that does not pass is a failed build, and the former one stays in service', async () => {
    const check = await script('check', 'checking $NODEPOOL_IMAGE_FORMAT of $NODEPOOL_IMAGE: $1');
    const builder = await farm.start('one', { diskImages: [...DEB, `  validate: ${check}`] });
    const [good] = await uploads('ready');
    const { build } = good!.key;
    expect(await log(build)).toContain(`checking qcow2 of deb: ${farm.imagesDir('one')}/deb-${build}.qcow2\n`);

    await writeFile(join(farm.folder, 'broken'), '');
    await farm.store.images.requestBuild('deb');
    const failed = await farm.until((images) =>
      [...images.get('deb')!.builds.values()].find((it) => it.record?.state === 'failed'),
    );
    expect(failed.record!.unknown!['failure']!.value()).toMatchObject({
      cause: 'validation',
      message: 'validation of deb.qcow2 ended with exit code 1',
      exitCode: 1,
    });
    await builder.says(/will try again.*cause=validation/);
    expect(await log(failed.key.build)).toMatch(
      /Exit code: 0\n\*\*\* Validation of deb\.qcow2: .*\nchecking qcow2[^]*Validation failed/,
    );
    expect((await farm.files('one')).every((it) => it.includes(build))).toBe(true);
    expect(farm.cloudImages('east').map((it) => it.id)).toEqual([good!.record!.externalId]);
  });

  const POOL = [
    'pools:',
    '  - name: main',
    '    max-servers: 2',
    '    labels:',
    '      - {name: small, diskimage: deb, min-ram: 1024}',
  ];
  const provider = (check: string) => [
    ...fakeProvider('east', ['deb']),
    `      validate: ${check}`,
    ...POOL.map((it) => `  ${it}`),
  ];

  test('an upload goes into service after a node made from it has passed, and that node goes', async () => {
    const check = await script('probe', 'node $1 port $2 user $NODEPOOL_NODE_USERNAME upload $NODEPOOL_UPLOAD_ID');
    const config = { providers: provider(check), labels: ['small'] };
    const builder = await farm.start('one', config);
    const [good] = await uploads('ready');
    const { build, upload } = good!.key;
    await builder.says(/checking a node made from the upload/);
    expect(await log(build)).toMatch(new RegExp(`\\nnode fake\\S* port 22 user zuul upload ${upload}\\n`));
    expect(servers()).toEqual([]);

    await writeFile(join(farm.folder, 'broken'), '');
    await farm.store.images.requestBuild('deb');
    const [bad] = await uploads('failed');
    expect(bad!.key.build).not.toBe(build);
    await builder.says(/upload failed.*cause=validation.*validation of deb at east ended with exit code 1/);
    await builder.says(/will try again.*what=east\/deb.*cause=validation/);
    expect(servers()).toEqual([]);
    expect(farm.cloudImages('east').map((it) => it.id)).toEqual([good!.record!.externalId]);
    expect((await farm.store.images.getUpload(good!.key))!.record.state).toBe('ready');
  });

  test('the node of a builder that was killed in the middle is removed by the next', async () => {
    const waiting = join(farm.folder, 'wait');
    await writeFile(waiting, '#!/bin/sh\necho "waits for $NODEPOOL_BUILD_ID"\nexec sleep 1000\n', { mode: 0o755 });
    const builder = await farm.start('one', { providers: provider(waiting), labels: ['small'] });
    const [running] = await uploads('uploading');
    await farm.logged('one', running!.key, 'waits for');
    expect(servers()).toHaveLength(1);
    await builder.kill();
    const check = await script('probe', 'passes');
    const next = await farm.start('one', { providers: provider(check), labels: ['small'] });
    await next.says(/instance of an interrupted validation is deleted/);
    await uploads('ready');
    await farm.asked('delete-server');
  });

  const servers = () => [...farm.cloud.cloud.account('east').servers.table.values()];
});
