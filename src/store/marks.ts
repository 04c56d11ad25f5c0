import { markPath } from '../model/paths';
import type { Op } from '../zk/client';
import { isZkError } from '../zk/errors';
import type { Marks } from './api';
import { makePath } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

const EMPTY = Buffer.alloc(0);

/** Marks as znodes below `/nodepool/quota`, which no other program reads. */
export class TreeMarks implements Marks {
  constructor(private readonly parts: StoreParts) {}

  async read(scope: string): Promise<number> {
    const path = markPath(scope);
    return untilKnown(this.parts, async () => {
      for (;;) {
        const stat = await this.parts.zk.exists(path);
        if (stat !== undefined) return stat.version;
        await makePath(this.parts, path);
      }
    });
  }

  step(scope: string, version: number): Op {
    return { op: 'set', path: markPath(scope), data: EMPTY, version };
  }

  isStale(error: unknown, steps: number): boolean {
    return isZkError(error, 'BAD_VERSION', 'NO_NODE') && error.failedOp !== undefined && error.failedOp < steps;
  }
}
