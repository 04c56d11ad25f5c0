import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm } from '../../support/builder-farm';
import { BUILD, describeWith } from '../../support/requirements';
import { tinyImage } from '../../support/tiny-image';

/** Stands in for the image tool: hands out an image that was built before. */
const COPY = (image: string) => `#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = -o ] && output=$2; shift; done
cp ${image} $output.qcow2
md5sum $output.qcow2 > $output.qcow2.md5
sha256sum $output.qcow2 > $output.qcow2.sha256
`;

const LOGIN = (key: string) => `#!/bin/sh
known=$(mktemp)
echo "$NODEPOOL_NODE_HOST_KEYS" | sed "s/^/[$1]:$2 /" > $known
ssh -F none -i ${key} -p $2 -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=$known \\
  $NODEPOOL_NODE_USERNAME@$1 'echo "inside $(uname -n)"'
status=$?
rm $known
exit $status
`;

describeWith([...BUILD, 'machines', 'ssh'], 'a builder with machines', () => {
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

  test('logs into a node made from an upload before it goes into service', async () => {
    const tiny = await tinyImage();
    const path = (name: string) => join(farm.folder, name);
    await writeFile(path('copy'), COPY(tiny.file), { mode: 0o755 });
    await writeFile(path('login'), LOGIN(tiny.privateKey), { mode: 0o755 });
    for (const it of ['store', 'state']) await mkdir(path(it));
    await farm.start('one', {
      labels: ['small'],
      diskImages: ['- name: deb', '  formats: [qcow2]', `  dib-cmd: ${path('copy')}`],
      providers: [
        '- name: hosts',
        '  driver: qemu',
        '  boot-timeout: 300',
        `  image-store: ${path('store')}`,
        `  state-dir: ${path('state')}`,
        '  diskimages:',
        `    - {name: deb, validate: ${path('login')}}`,
        '  pools:',
        '    - name: main',
        '      labels: [{name: small, diskimage: deb, memory: 256}]',
      ],
    });
    const upload = await farm.until((images) =>
      [...(images.get('deb')?.builds.values() ?? [])]
        .flatMap((it) => [...(it.providers.get('hosts')?.uploads.values() ?? [])])
        .find((it) => it.record?.state === 'ready' || it.record?.state === 'failed'),
    );
    const log = await readFile(join(farm.logDir('one'), `deb-${upload.key.build}.log`), 'utf8');
    expect(log).toContain('\ninside tiny-node\n');
    expect(upload.record!.state).toBe('ready');
  }, 500_000);
});
