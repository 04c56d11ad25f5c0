import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { absent } from '../runtime/absent';
import type { Clock } from '../runtime/clock';
import { type Command, killProcess, runCommand } from '../runtime/processes';

export interface LeftoverTools {
  readonly clock: Clock;
  readonly env: Command['env'];
}

/** What was found of a build that did not clean up after itself. */
export interface Leftovers {
  readonly processes: readonly number[];
  readonly loops: readonly string[];
  readonly mounts: readonly string[];
}

/**
 * Clears what a build leaves that was killed, or whose builder was: processes, mounts, loop devices with their partition
 * links, and at last its temporary folder. Nothing left is fine. Throws if something is still mounted: the host's `/dev` is
 * bind-mounted in there, and nothing may be removed before that is gone.
 */
export async function clearLeftovers(tempDir: string, tools: LeftoverTools): Promise<Leftovers> {
  const processes = await killProcesses(tempDir, tools.clock);
  // Listed before anything is unmounted: the path of the backing file changes when the file system under it goes away.
  const loops = await loopsBelow(tempDir);
  const mounts = await mountsBelow(tempDir);
  for (const mount of mounts) await unmount(mount, tools);
  for (const loop of loops) await detach(loop, tools);
  const still = await mountsBelow(tempDir);
  if (still.length > 0) throw new Error(`still mounted below ${tempDir}: ${still.join(', ')}`);
  await runCommand({ file: 'rm', args: ['-rf', '--one-file-system', '--', tempDir], env: tools.env });
  return { processes, loops, mounts };
}

const KILL_ROUNDS = 5;
const KILL_WAIT_MS = 100;

/** Whatever has its root, its working directory or its environment inside the build. Killed ones may have had children. */
async function killProcesses(tempDir: string, clock: Clock): Promise<readonly number[]> {
  const killed = new Set<number>();
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    const found = await processesOf(tempDir);
    if (found.length === 0) break;
    for (const pid of found) {
      if (killProcess(pid, 'SIGKILL')) killed.add(pid);
    }
    await clock.sleep(KILL_WAIT_MS);
  }
  return [...killed];
}

/** Process ids that belong to the build whose `TMP_DIR` this is. Those of other users are not seen, and not ours. */
export async function processesOf(tempDir: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((it) => /^\d+$/.test(it) && Number(it) !== process.pid);
  const mine = await Promise.all(pids.map(async (it) => ((await belongsTo(it, tempDir)) ? [Number(it)] : [])));
  return mine.flat();
}

async function belongsTo(pid: string, tempDir: string): Promise<boolean> {
  const gone = () => ''; // ended meanwhile, or another user's
  const [root, cwd, environ] = await Promise.all([
    readlink(`/proc/${pid}/root`).catch(gone),
    readlink(`/proc/${pid}/cwd`).catch(gone),
    readFile(`/proc/${pid}/environ`, 'utf8').catch(gone),
  ]);
  const inside = [root, cwd].some((it) => it === tempDir || it.startsWith(`${tempDir}/`));
  return inside || environ.split('\0').includes(`TMP_DIR=${tempDir}`);
}

/** Mount points below a folder, deepest first. */
async function mountsBelow(folder: string): Promise<readonly string[]> {
  return parseMounts(await readFile('/proc/self/mounts', 'utf8'))
    .filter((it) => it.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

/** The mount points of `/proc/self/mounts`, where blanks and backslashes are octal escapes. */
export function parseMounts(text: string): readonly string[] {
  return text
    .split('\n')
    .flatMap((line) => line.split(' ')[1] ?? [])
    .map((it) => it.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
}

/** Names of the loop devices whose file is, or was, below a folder. */
export async function loopsBelow(folder: string): Promise<readonly string[]> {
  const names = ((await readdir('/sys/block').catch(absent)) ?? []).filter((it) => /^loop\d+$/.test(it));
  const found = await Promise.all(
    names.map(async (name) => {
      const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => ''); // not in use, or no more
      return file.startsWith(`${folder}/`) ? [name] : [];
    }),
  );
  return found.flat();
}

async function unmount(mount: string, tools: LeftoverTools): Promise<void> {
  const result = await runCommand({ file: 'umount', args: [mount], env: tools.env });
  if (result.code !== 0) await runCommand({ file: 'umount', args: ['--lazy', mount], env: tools.env });
}

/** Each step may have nothing to do or its program may be missing; what counts is that the device is free at the end. */
async function detach(loop: string, tools: LeftoverTools): Promise<void> {
  const device = `/dev/${loop}`;
  const quietly = (file: string, args: readonly string[]) =>
    runCommand({ file, args, env: tools.env }).catch(() => undefined);
  await quietly('kpartx', ['-d', device]);
  await quietly('partx', ['--delete', device]);
  const links = ((await readdir('/dev/mapper').catch(absent)) ?? []).filter((it) => it.startsWith(`${loop}p`));
  await Promise.all(links.map((it) => rm(`/dev/mapper/${it}`, { force: true })));
  await quietly('losetup', ['--detach', device]);
}
