import { execFile } from 'node:child_process';
import { open, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Instance, Provider } from '../../../src/drivers/driver';
import { destroyed } from '../../../src/drivers/destroyed';
import { drivers } from '../../../src/drivers/registry';
import { systemClock } from '../../../src/runtime/clock';
import { scanHostKeys } from '../../../src/runtime/host-keys';
import { hostTools, type QemuHost, qemuHost } from '../../support/qemu-host';
import { startQemuChild } from '../../support/qemu-child';
import { BUILD, describeWith } from '../../support/requirements';
import { type TinyImage, tinyImage } from '../../support/tiny-image';

const never = new AbortController().signal;
const PROVIDER = 'qemu-real';
const section = { accel: ['kvm', 'tcg'], 'power-off-timeout': 60 };

describeWith([...BUILD, 'machines', 'ssh'], 'a real node', () => {
  let tiny: TinyImage;
  let host: QemuHost;
  let provider: Provider;

  beforeAll(async () => {
    tiny = await tinyImage();
  }, 600_000);
  beforeEach(async () => {
    host = await qemuHost(PROVIDER, section);
    provider = drivers.get('qemu')!.connect(host.config, hostTools);
  });
  afterEach(async () => {
    await provider.close();
    await host.close();
  });

  test('is uploaded, launched, scanned, logged into, adopted from a killed launcher, destroyed, and gone', async () => {
    const { externalId: image } = await upload();
    const child = await startQemuChild({
      provider: PROVIDER,
      folder: host.folder,
      section,
      image: { externalId: image, diskImage: 'tiny' },
      label: { disk: 1 },
      names: ['np0000000001'],
    });
    const [answer] = await child.go();
    await child.kill();
    expect(answer).toEqual({ name: 'np0000000001', externalId: expect.stringMatching(/^np0000000001\.[0-9a-f]{8}$/) });

    const [node] = await provider.list(never);
    expect(node).toMatchObject({ ...answer, state: 'running', interfaceIp: '127.0.0.1' });
    await provider.settled(node!.externalId, never);
    const keys = await scan(node!);
    expect(keys.map((it) => it.split(' ')[0])).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256']);
    expect(await login(node!, keys, 'uname -a; df -k /')).toMatch(/^Linux tiny-node .*x86_64/);
    expect(await provider.consoleLog!(node!.externalId, never)).toContain('tiny-node login:');
    await expectNothingToldInConfidence();

    const console = await open(join(host.folder, 'state', 'machines', node!.name, 'console.log'));
    await destroyed(provider, node!.externalId, systemClock, never);
    expect(await console.readFile('utf8')).toContain('The system is going down NOW!'); // it heeded the power button
    await console.close();
    await provider.images!.remove(image, never);
    await expectNothingLeft();
  }, 400_000);

  async function upload(): Promise<{ readonly externalId: string }> {
    const progress: number[] = [];
    const metadata = { nodepool_provider_name: PROVIDER, nodepool_build_id: 'b', nodepool_upload_id: '0000000001' };
    const { file, sha256, md5 } = tiny;
    const spec = { name: 'tiny-1', metadata, file, format: 'qcow2', sha256, md5, image: 'tiny' };
    const uploaded = await provider.images!.upload(spec, (done) => progress.push(done), never);
    expect(progress.at(-1)).toBe((await readFile(file)).length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    return uploaded;
  }

  function scan(node: Instance): Promise<readonly string[]> {
    const target = { host: node.interfaceIp!, port: Number(node.connectionPort), kind: 'ssh' as const };
    return scanHostKeys({ ...target, timeoutMs: 120_000 }, { clock: systemClock }, never);
  }

  async function login(node: Instance, keys: readonly string[], command: string): Promise<string> {
    const known = join(host.folder, 'known_hosts');
    const name = `[${node.interfaceIp}]:${String(node.connectionPort)}`;
    await writeFile(known, keys.map((key) => `${name} ${key}\n`).join(''));
    const options = ['BatchMode=yes', 'ConnectTimeout=30', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${known}`];
    const { stdout } = await promisify(execFile)('ssh', [
      ...['-F', 'none', '-i', tiny.privateKey, '-p', String(node.connectionPort)],
      ...options.flatMap((it) => ['-o', it]),
      ...[`${tiny.user}@${node.interfaceIp}`, command],
    ]);
    return stdout;
  }

  /** Neither in the environment nor on the command line, which everybody may read. */
  async function expectNothingToldInConfidence(): Promise<void> {
    const [pid] = await host.processes();
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter((it) => it !== '');
    expect(environment.map((it) => it.split('=')[0]).sort()).toEqual(['LC_ALL', 'PATH']);
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(host.folder);
  }

  async function expectNothingLeft(): Promise<void> {
    expect(await provider.list(never)).toEqual([]);
    expect(await host.processes()).toEqual([]);
    expect(await readdir(join(host.folder, 'state', 'machines'))).toEqual([]);
    expect(await readdir(join(host.folder, 'state', 'locks'))).toEqual([]);
    expect(await readdir(join(host.folder, 'images'))).toEqual([]);
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(host.folder); // other tests mount what is theirs
    expect(await readFile('/proc/net/unix', 'utf8')).not.toContain(host.folder);
  }
});
