import { type HoldJob, parseHoldJob, printHoldJob } from '../model/hold-job';
import { parseNode } from '../model/node-record';
import { HOLD_JOBS, holdJobPath } from '../model/own-paths';
import { nodePath } from '../model/paths';
import { RecordError } from '../model/record-error';
import type { NodeData } from '../zk/client';
import { isZkError } from '../zk/errors';
import { createOnce } from './create-once';
import { deleteQuietly, listIfThere, readIfThere } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

export interface HoldJobEntry extends HoldJob {
  /** The znode's sequence number. */
  readonly id: string;
}

/**
 * Jobs that keep nodes when they fail: the duty of Nodepool before 3.0 (cli.md 10.2). How many are held is counted in the
 * job's own record, and every change of it is conditional on the version read, so that schedulers that release at the
 * same moment never hold more than was asked for.
 */
export class HoldJobs {
  readonly #parts: StoreParts;

  constructor(parts: Omit<StoreParts, 'observe'>) {
    this.#parts = { ...parts, observe: () => undefined };
  }

  /** Its id. */
  async create(name: string, holdOnFailure: number): Promise<string> {
    const data = printHoldJob({ name, holdOnFailure, held: [], mark: this.#parts.random.hex(16) });
    const request = {
      dir: HOLD_JOBS,
      prefix: '',
      data,
      mode: 'persistent-sequential' as const,
      isOwn: (_path: string, found: NodeData) => found.data.equals(data),
      makesParents: true,
    };
    const { path } = await createOnce(this.#parts, request, {});
    return path.slice(path.lastIndexOf('/') + 1);
  }

  /** In the order in which they were made. Records that cannot be read are left out, and said so in the log. */
  async list(): Promise<readonly HoldJobEntry[]> {
    const ids = await untilKnown(this.#parts, () => listIfThere(this.#parts.zk, HOLD_JOBS));
    const found = await Promise.all([...ids].sort().map((id) => this.#read(id)));
    return found.flatMap((it) => (it === undefined ? [] : [it.job]));
  }

  /** False: there was none. */
  async delete(id: string): Promise<boolean> {
    if ((await readIfThere(this.#parts, holdJobPath(id))) === undefined) return false;
    await untilKnown(this.#parts, () => deleteQuietly(this.#parts.zk, holdJobPath(id)));
    return true;
  }

  /**
   * Keeps one of the places of the job `name` for a node that is about to be held. False: no such job, or as many as it
   * wants are held. A place is free again when its node is gone or held no more. Asking twice takes one place.
   */
  async takePlace(name: string, node: string): Promise<boolean> {
    const jobs = (await this.list()).filter((it) => it.name === name);
    for (const { id } of jobs) if (await this.#takePlaceOf(id, node)) return true;
    return false;
  }

  #takePlaceOf(id: string, node: string): Promise<boolean> {
    return untilKnown(this.#parts, async () => {
      for (;;) {
        const found = await this.#read(id);
        if (found === undefined) return false;
        const { job, version } = found;
        if (job.held.includes(node)) return true;
        const held = await this.#stillHeld(job.held);
        if (held.length >= job.holdOnFailure) return false;
        try {
          await this.#parts.zk.set(holdJobPath(id), printHoldJob({ ...job, held: [...held, node] }), version);
          return true;
        } catch (error) {
          if (isZkError(error, 'NO_NODE')) return false;
          if (!isZkError(error, 'BAD_VERSION')) throw error; // another scheduler was faster: look again
        }
      }
    });
  }

  /** A node in use is one whose scheduler has its place and is about to write `hold`. */
  async #stillHeld(nodes: readonly string[]): Promise<readonly string[]> {
    const found = await Promise.all(nodes.map((it) => readIfThere(this.#parts, nodePath(it))));
    return nodes.filter((_, index) => {
      const data = found[index]?.data;
      if (data === undefined) return false;
      try {
        return ['hold', 'in-use'].includes(parseNode(data).state);
      } catch (error) {
        if (error instanceof RecordError) return false;
        throw error;
      }
    });
  }

  async #read(id: string): Promise<{ readonly job: HoldJobEntry; readonly version: number } | undefined> {
    const found = await readIfThere(this.#parts, holdJobPath(id));
    if (found === undefined) return undefined;
    try {
      return { job: { id, ...parseHoldJob(found.data) }, version: found.stat.version };
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#parts.log.warn('job cannot be read', { job: id, err: error });
      return undefined;
    }
  }
}
