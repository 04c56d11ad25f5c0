import { readFile, readdir, readlink } from 'node:fs/promises';
import { absent } from '../../runtime/absent';

/** What still refers to `folder` on this machine: processes, mounts, loop devices. One line each; empty when clean. */
export async function leftoversOf(folder: string): Promise<string[]> {
  const [processes, mounts, loops] = await Promise.all([processesIn(folder), mountsIn(folder), loopDevicesIn(folder)]);
  return [...processes, ...mounts, ...loops];
}

async function processesIn(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((it) => /^\d+$/.test(it) && Number(it) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      // What has ended meanwhile has nothing left in the folder.
      const [command, cwd, root] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
        readlink(`/proc/${pid}/root`).catch(() => ''),
      ]);
      const words = command.split('\0');
      return words.some((it) => it.includes(folder)) || cwd.startsWith(folder) || root.startsWith(folder)
        ? [`process ${pid}: ${words.slice(0, 4).join(' ')}`]
        : [];
    }),
  );
  return found.flat();
}

async function mountsIn(folder: string): Promise<string[]> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return mounts
    .split('\n')
    .map((it) => it.split(' ')[1] ?? '')
    .filter((it) => it.startsWith(folder))
    .map((it) => `mount ${it}`);
}

async function loopDevicesIn(folder: string): Promise<string[]> {
  const devices = ((await readdir('/sys/block').catch(absent)) ?? []).filter((it) => it.startsWith('loop'));
  const found = await Promise.all(
    devices.map(async (device) => {
      const file = await readFile(`/sys/block/${device}/loop/backing_file`, 'utf8').catch(() => ''); // not in use
      return file.startsWith(folder) ? [`loop device /dev/${device} on ${file.trim()}`] : [];
    }),
  );
  return found.flat();
}
