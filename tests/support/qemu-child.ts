import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChildAnswer, ChildTask } from './child-qemu';

/** A launcher in a process of its own, with the qemu driver. */
export interface QemuChild {
  /** Begins to launch; resolves with one answer for each name, in order of arrival. */
  go(): Promise<readonly ChildAnswer[]>;
  /** kill -9. */
  kill(): Promise<void>;
}

/** Resolves when the child is ready to launch. */
export async function startQemuChild(task: ChildTask): Promise<QemuChild> {
  const argv = ['-r', join(__dirname, 'register.js'), join(__dirname, 'child-qemu.ts'), JSON.stringify(task)];
  const child: ChildProcess = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  if ((await next()) !== 'ready') throw new Error('the child did not get ready');
  return {
    go: async () => {
      child.stdin!.write('go\n');
      const answers: ChildAnswer[] = [];
      while (answers.length < task.names.length) answers.push(JSON.parse(await next()) as ChildAnswer);
      return answers;
    },
    kill: async () => {
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
