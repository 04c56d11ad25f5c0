import { open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { absent } from '../../runtime/absent';
import { type FileLock, lockFile, tryLockFile, withFileLock } from '../../runtime/file-lock';
import type { Logger } from '../../runtime/log';
import { MACHINE_FILES } from './command-line';
import { type MachineRecord, isMachineName, parseMachineRecord, printMachineRecord } from './machine-record';
import { makeFolder } from '../../runtime/make-folder';

/**
 * The state folder, shared by all programs on the host that run machines:
 *
 *     lock                     held while counting what is used and while ports are given out
 *     locks/<name>             held while something is done to that machine
 *     machines/<name>/         machine.json, disk.qcow2, console.log, qemu.log, qmp.sock
 *
 * A machine exists as long as it has a record. Locks are taken machine first, store second.
 */
export class MachineStore {
  constructor(
    readonly folder: string,
    private readonly log: Logger,
  ) {}

  folderOf(name: string): string {
    return join(this.folder, 'machines', name);
  }

  /** Makes limits and ports exact across processes. */
  withStore<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return withFileLock(join(this.folder, 'lock'), signal, work);
  }

  /** One at a time for each machine. The lock's file goes when the machine has gone. */
  async withMachine<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const lock = await lockFile(this.#lockOf(name), signal);
    try {
      return await work();
    } finally {
      await this.#release(name, lock);
    }
  }

  async read(name: string): Promise<MachineRecord | undefined> {
    const text = await readFile(join(this.folderOf(name), MACHINE_FILES.record), 'utf8').catch(absent);
    return text === undefined ? undefined : parseMachineRecord(text);
  }

  /** All or nothing, also for readers, who take no lock. */
  async write(record: MachineRecord): Promise<void> {
    const folder = this.folderOf(record.name);
    await makeFolder(folder, { mode: 0o700 });
    const path = join(folder, MACHINE_FILES.record);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(printMachineRecord(record));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  /** The record goes last: until then the machine exists and its removal can be repeated. */
  async remove(name: string): Promise<void> {
    const folder = this.folderOf(name);
    for (const entry of await this.#entries(folder)) {
      if (entry !== MACHINE_FILES.record) await rm(join(folder, entry), { recursive: true, force: true });
    }
    await rm(folder, { recursive: true, force: true });
  }

  /** Every machine of the host. A record that cannot be read is reported and left out. */
  async records(): Promise<readonly MachineRecord[]> {
    const names = (await this.#entries(join(this.folder, 'machines'))).filter(isMachineName);
    const records = await Promise.all(
      names.map((name) =>
        this.read(name).catch((error: unknown) => {
          this.log.error('machine record cannot be read', { machine: name, err: error });
          return undefined;
        }),
      ),
    );
    return records.filter((it) => it !== undefined);
  }

  /** Folders whose writer died before it wrote a record, or after it removed one. */
  async sweep(signal: AbortSignal): Promise<void> {
    for (const name of await this.#entries(join(this.folder, 'machines'))) {
      if (!isMachineName(name) || (await this.#hasRecord(name))) continue;
      const lock = await tryLockFile(this.#lockOf(name), signal);
      if (lock === undefined) continue; // somebody is at work on it
      try {
        if (!(await this.#hasRecord(name))) await rm(this.folderOf(name), { recursive: true, force: true });
      } finally {
        await this.#release(name, lock);
      }
    }
  }

  async #release(name: string, lock: FileLock): Promise<void> {
    await lock.release({ remove: !(await this.#hasRecord(name)) });
  }

  async #hasRecord(name: string): Promise<boolean> {
    return (await this.#entries(this.folderOf(name))).includes(MACHINE_FILES.record);
  }

  #lockOf(name: string): string {
    return join(this.folder, 'locks', name);
  }

  async #entries(folder: string): Promise<readonly string[]> {
    return (await readdir(folder).catch(absent)) ?? [];
  }
}
