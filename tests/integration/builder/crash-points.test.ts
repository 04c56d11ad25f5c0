import { join } from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import { groupBuildFiles } from '../../../src/decide/image-files';
import { newBuild } from '../../../src/model/image-records';
import { systemClock } from '../../../src/runtime/clock';
import type { ImageEntry } from '../../../src/store/api';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, DEB, type FarmConfig } from '../../support/builder-farm';
import type { KillPoint } from '../../support/kill-point';

const BUILD = '/builds/[0-9a-f]{32} ';
const UPLOAD = '/images/\\d{10} ';
const LEFT = 'deb-0123456789abcdef0123456789abcdef';
const never = new AbortController().signal;

/** What stands in the tree or on disk before the builder starts that will die. */
const PREPARATIONS = {
  nothing: async () => undefined,
  'an interrupted build': async (farm: BuilderFarm) => {
    const claim = (await farm.store.images.claimImage('deb', never))!;
    await claim.createBuild(
      newBuild({ builder: 'gone', builderId: 'gone', formats: ['qcow2'], stateTime: systemClock.wall() / 1000 }),
    );
    await claim.release();
  },
  'files without record': async (farm: BuilderFarm) => {
    await mkdir(farm.imagesDir('one'), { recursive: true });
    for (const it of ['.qcow2', '.qcow2.md5', '.qcow2.sha256'])
      await writeFile(join(farm.imagesDir('one'), LEFT + it), 'x');
  },
  'a finished image that is to be deleted': async (farm: BuilderFarm) => {
    const builder = await farm.start('one', {});
    const build = await farm.until((images) => served(images)[0]);
    await builder.kill();
    await farm.store.images.markBuildDeleting(build.key);
  },
} satisfies Record<string, (farm: BuilderFarm) => Promise<void>>;

interface Row {
  /** The row of the crash table (builder.md 15). */
  readonly title: string;
  readonly given?: keyof typeof PREPARATIONS;
  readonly point: KillPoint;
  /** Configuration of the one that dies; a working one afterwards. */
  readonly config?: FarmConfig;
  /** Further arguments of the one that dies. */
  readonly args?: readonly string[];
  /** Who puts it right: the same builder, started again, or any other. */
  readonly by: 'one' | 'two';
}

const FAILING = [...DEB, '  env-vars:', "    SHOULD_FAIL: 'true'"];
const deleting = 'a finished image that is to be deleted';
/**
 * One that dies clearing up must not have a READY build of its own by then, as it has on a slow machine: its files went
 * down with its host, so nobody else can upload it.
 */
const ONLY_CLEARS = ['--build-workers', '0'];

const ROWS: readonly Row[] = [
  {
    title: 'holding the build lock, before the record exists',
    point: { when: 'before', pattern: `create .*${BUILD}.*building` },
    by: 'two',
  },
  {
    title: 'after the tool, before the final write',
    point: { when: 'before', pattern: `set .*${BUILD}.*ready` },
    by: 'two',
  },
  {
    title: 'after creating the upload record',
    point: { when: 'after', pattern: 'create .*/images/ .*uploading' },
    by: 'one',
  },
  {
    title: 'after the transfer, before the final write',
    point: { when: 'before', pattern: `set .*${UPLOAD}.*ready` },
    by: 'one',
  },
  {
    title: 'after writing failed',
    point: { when: 'after', pattern: `set .*${BUILD}.*failed` },
    config: { diskImages: FAILING },
    by: 'two',
  },
  {
    title: 'after upload deleting',
    given: deleting,
    point: { when: 'after', pattern: `set .*${UPLOAD}.*deleting` },
    args: ONLY_CLEARS,
    by: 'two',
  },
  {
    title: 'after the cloud delete, before record removal',
    given: deleting,
    point: { when: 'before', pattern: `delete .*${UPLOAD}` },
    args: ONLY_CLEARS,
    by: 'two',
  },
  {
    title: 'after build deleting, before record removal',
    given: 'an interrupted build',
    point: { when: 'after', pattern: `set .*${BUILD}.*deleting` },
    args: ONLY_CLEARS,
    by: 'two',
  },
  {
    title: 'after record removal, before file removal',
    given: deleting,
    point: { when: 'after', pattern: `delete [^\n]*${BUILD}` },
    by: 'one',
  },
  {
    title: 'while deleting files',
    given: 'files without record',
    point: { when: 'after', pattern: `rm .*${LEFT}.*sha256` },
    by: 'one',
  },
];

/** Builds that are READY with a READY upload. */
function served(images: ReadonlyMap<string, ImageEntry>) {
  return [...(images.get('deb')?.builds.values() ?? [])].filter(
    (build) =>
      build.record?.state === 'ready' &&
      [...(build.providers.get('east')?.uploads.values() ?? [])].some((it) => it.record?.state === 'ready'),
  );
}

/** Nothing but READY builds with one READY upload each, at least one; a failure may still be shown. */
function isPutRight(images: ReadonlyMap<string, ImageEntry>): boolean {
  const builds = [...(images.get('deb')?.builds.values() ?? [])].filter((it) => it.record?.state !== 'failed');
  const isServed = new Set(served(images));
  return (
    builds.length > 0 &&
    builds.every((it) => isServed.has(it) && it.providers.get('east')!.uploads.size === 1) &&
    images.get('deb')?.buildLocked === false
  );
}

describe('a builder killed at a point', () => {
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

  test.each(ROWS)('$title: put right by $by', async ({ given = 'nothing', point, config, args, by }) => {
    await PREPARATIONS[given](farm);
    const doomed = await farm.dieAt('one', point, config ?? {}, args);
    await doomed.says(/dies at/);
    expect(await doomed.ended()).toBe('SIGKILL');
    const heir = await farm.start(by, {});
    await farm.until(isPutRight);
    await heir.says(/builder runs/);
    const images = await farm.store.images.read();
    const filesOfHeir = async () => [...groupBuildFiles(await farm.files(by)).values()];
    const isOfReady = ({ key }: { key: { image: string; build: string } }) =>
      images.get(key.image)?.builds.get(key.build)?.record?.state === 'ready';
    for (let from = 0; !(await filesOfHeir()).every(isOfReady);) {
      const said = await heir.says(/files: delete-files/, from);
      from = heir.lines.indexOf(said, from) + 1;
    }
    const uploads = [...images.get('deb')!.builds.values()].flatMap((it) => [
      ...(it.providers.get('east')?.uploads.values() ?? []),
    ]);
    const known = new Set(uploads.map((it) => it.record?.externalId));
    expect(farm.cloudImages('east').filter((it) => known.has(it.id))).toHaveLength(known.size);
  });
});
