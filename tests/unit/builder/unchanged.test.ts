import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuilderInMemory, imageProvider } from '../../support/builder-in-memory';

let builder: BuilderInMemory;
afterEach(() => builder.stop());

const settle = () => builder.store.images.view().settled();
/** The image is due by age, and the builder looks. No further: commands have a minute of this clock. */
async function expire(): Promise<number> {
  const from = builder.events.length;
  await settle();
  await builder.clock.advance(3_600_000);
  await builder.clock.advance(10_000);
  return from;
}

async function start(contentKey: boolean | string): Promise<void> {
  const image = { name: 'jammy', rebuildAge: 3600, contentKey };
  builder = await BuilderInMemory.start([image], [imageProvider('east', ['jammy'])]);
  await builder.heard('upload-ready');
  await builder.heard('build-ready'); // told a moment after its record, which the upload follows
}

test('an image whose inputs stay is kept, each time anew, and its upload with it', async () => {
  await start(true);
  const { key } = await builder.heard('build-ready');
  for (let round = 0; round < 3; round += 1) {
    const { key: kept } = await builder.heard('build-unchanged', await expire());
    expect(kept).toEqual(key);
  }
  expect(builder.events.filter((it) => it.kind === 'build-started')).toHaveLength(1);
  expect([...builder.cloud('east').shelf.keys()]).toEqual(['east-1']);
});

test('what its command prints counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nodepool-key-'));
  const file = join(folder, 'key');
  await writeFile(file, 'one');
  await start(`cat "${file}"`);
  await builder.heard('build-unchanged', await expire());
  await writeFile(file, 'two');
  await builder.heard('build-ready', await expire());
  await rm(folder, { recursive: true });
});

test('without a key to be had it is built as ever', async () => {
  await start('/bin/false');
  await builder.heard('build-ready', await expire());
});

test('false is as if it were not there', async () => {
  await start(false);
  await builder.heard('build-ready', await expire());
});

test('a changed configuration is another image', async () => {
  await start(true);
  const changed = { name: 'jammy', rebuildAge: 3600, contentKey: true, envVars: { A: 'b' } };
  builder.configure([changed], [imageProvider('east', ['jammy'])]);
  await builder.heard('build-ready', await expire());
});
