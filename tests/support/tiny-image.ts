import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from '../../src/runtime/file-lock';

/** A real image that boots in seconds and lets `user` in with `privateKey`. */
export interface TinyImage {
  /** qcow2. */
  readonly file: string;
  readonly privateKey: string;
  readonly user: 'zuul';
  readonly sha256: string;
  readonly md5: string;
}

const root = join(__dirname, '..', '..');
const elements = join(root, 'elements');

/** Where tests keep what is slow to make; `NODEPOOL_TEST_CACHE` names another place. */
export const testCache = process.env['NODEPOOL_TEST_CACHE'] ?? join(tmpdir(), 'nodepool-test-cache');

/**
 * The `tiny-node` image, built with the real `disk-image-create` (about 20 s) once per machine and version of the
 * element, and reused by every suite; of two suites that start at once one builds and the other waits.
 */
export async function tinyImage(signal?: AbortSignal): Promise<TinyImage> {
  const folder = join(testCache, `tiny-node-${await version()}`);
  await mkdir(testCache, { recursive: true, mode: 0o700 });
  await withFileLock(`${folder}.lock`, signal, async () => {
    if (!(await exists(folder))) await build(folder, signal);
  });
  return {
    file: join(folder, 'image.qcow2'),
    privateKey: join(folder, 'id'),
    user: 'zuul',
    sha256: await digest(join(folder, 'image.qcow2.sha256')),
    md5: await digest(join(folder, 'image.qcow2.md5')),
  };
}

async function build(folder: string, signal?: AbortSignal): Promise<void> {
  const work = await mkdtemp(join(testCache, 'building-'));
  const [out, tools, tmp] = [join(work, 'out'), join(work, 'tools'), join(work, 'tmp')];
  await Promise.all([mkdir(out), mkdir(tmp)]);
  try {
    await run(
      'ssh-keygen',
      ['-q', '-t', 'ed25519', '-N', '', '-C', 'nodepool tests', '-f', join(out, 'id')],
      {},
      signal,
    );
    await run(join(root, 'bin', 'lib', 'link-host-tools'), [tools], {}, signal);
    const dib = ['disk-image-create', '-x', '-t', 'qcow2', '--checksum', '--no-tmpfs'];
    // In namespaces of its own: whatever ends the tests ends every process and mount of the build as well.
    const alone = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    await run(
      'setpriv',
      [...alone, ...dib, '--qemu-img-options', 'compat=0.10', '-o', join(out, 'image'), 'tiny-node'],
      {
        PATH: `${tools}:${process.env['PATH'] ?? ''}`,
        ELEMENTS_PATH: elements,
        DIB_IMAGE_CACHE: join(testCache, 'dib'),
        NODE_AUTHORIZED_KEYS: join(out, 'id.pub'),
        TMP_DIR: tmp,
        TMPDIR: undefined, // it would reach programs in the chroot, where that directory is not
      },
      signal,
    );
    await rename(out, folder);
  } finally {
    await releaseLoops(tmp);
    await rm(work, { recursive: true, force: true });
  }
}

/** Loop devices are all that a killed build in its own namespaces leaves besides files. */
async function releaseLoops(tmp: string): Promise<void> {
  for (const name of (await readdir('/sys/block')).filter((it) => /^loop\d+$/.test(it))) {
    const backing = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => ''); // not in use
    if (backing.startsWith(`${tmp}/`)) await run('losetup', ['--detach', `/dev/${name}`], {});
  }
}

/** Runs to the end; what it printed is shown when it fails. */
async function run(
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn(program, argv, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new Error(`${program} ended with ${code}:\n${Buffer.concat(chunks).toString('utf8').slice(-4000)}`);
  }
}

/** Of everything in the element: a changed one is built anew. */
async function version(): Promise<string> {
  const files = (await readdir(join(elements, 'tiny-node'), { recursive: true, withFileTypes: true }))
    .filter((it) => it.isFile())
    .map((it) => join(it.parentPath, it.name))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 12);
}

async function digest(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).split(/\s/)[0]!;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
