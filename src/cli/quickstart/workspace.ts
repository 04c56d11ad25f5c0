import { chown, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import execa from 'execa';
import { absent } from '../../runtime/absent';
import type { Clock } from '../../runtime/clock';
import { makeFolder } from '../../runtime/make-folder';

/** The folder of one quickstart: everything it makes lies in here, apart from what later runs reuse. */
export interface Workspace {
  readonly folder: string;
  readonly configFile: string;
  readonly logs: string;
  readonly buildLogs: string;
  readonly images: string;
  readonly machines: string;
  /** What the simulated cloud keeps. */
  readonly cloud: string;
  readonly imageStore: string;
  readonly sshKey: string;
  /** Host keys of the node that was handed out, for ssh. */
  readonly knownHosts: string;
  /** Downloads of image builds; kept between runs. */
  readonly cache: string;
}

/** Makes the folders and an SSH key for the nodes. */
export async function makeWorkspace(env: Readonly<Record<string, string | undefined>>): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), 'nodepool-quickstart-'));
  const cacheHome = env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const workspace = {
    folder,
    configFile: join(folder, 'nodepool.yaml'),
    logs: join(folder, 'logs'),
    buildLogs: join(folder, 'logs', 'builds'),
    images: join(folder, 'images'),
    machines: join(folder, 'machines'),
    cloud: join(folder, 'cloud'),
    imageStore: join(folder, 'store'),
    sshKey: join(folder, 'id_ed25519'),
    knownHosts: join(folder, 'known_hosts'),
    cache: join(cacheHome, 'nodepool', 'image-builds'),
  };
  const folders = [workspace.buildLogs, workspace.images, workspace.machines, workspace.imageStore, workspace.cache];
  for (const it of folders) await makeFolder(it);
  await giveToCaller(env, folder, workspace.logs);
  return workspace;
}

/** Started through sudo: what the printed commands read belongs to whoever is to type them. */
export async function giveToCaller(
  env: Readonly<Record<string, string | undefined>>,
  ...paths: readonly string[]
): Promise<void> {
  const [uid, gid] = [env['SUDO_UID'], env['SUDO_GID']].map(Number);
  if (!Number.isInteger(uid) || !Number.isInteger(gid)) return;
  for (const it of paths) await chown(it, uid!, gid!);
}

/** An SSH key pair without passphrase, `<sshKey>` and `<sshKey>.pub`. */
export async function makeSshKey(workspace: Workspace): Promise<void> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'nodepool-quickstart', '-f', workspace.sshKey]);
}

/** Whether the packages for the tiny image were downloaded within the last week: then the build needs no network. */
export async function cacheIsWarm(workspace: Workspace, clock: Clock): Promise<boolean> {
  const wanted = await stat(join(workspace.cache, 'tiny-node', 'wanted')).catch(absent);
  return wanted !== undefined && clock.wall() - wanted.mtimeMs < 7 * 86_400_000;
}

/** Writes the configuration, whole, so that a daemon never reads half of it. */
export async function writeConfig(workspace: Workspace, text: string): Promise<void> {
  await writeFile(workspace.configFile, text, { mode: 0o600 });
}

/** Removes what the run made; keeps the logs of one that failed, if there are any, since its messages name them. */
export async function removeWorkspace(workspace: Workspace, keepLogs: boolean): Promise<void> {
  const logs = keepLogs ? await readdir(workspace.logs, { recursive: true, withFileTypes: true }) : [];
  if (!logs.some((it) => it.isFile())) {
    await rm(workspace.folder, { recursive: true, force: true });
    return;
  }
  for (const name of await readdir(workspace.folder)) {
    if (name !== basename(workspace.logs)) await rm(join(workspace.folder, name), { recursive: true, force: true });
  }
}
