import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ZooKeeper } from '../../src/zk/client';
import type { LockerOptions } from './child-locker';

/** A running `child-locker.ts` or `kazoo_locker.py`. */
export class Locker {
  readonly #said = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #trouble = '';
  /** Whether all that it said is heard. */
  #isSilent = false;
  /** Called when it has just taken the lock. */
  onHeld: () => void = () => undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly options: LockerOptions,
  ) {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      this.#said.set(line, (this.#said.get(line) ?? 0) + 1);
      if (line === 'held') this.onHeld();
      for (const it of [...this.#listeners]) it();
    });
    child.stderr!.on('data', (chunk: Buffer) => (this.#trouble += chunk.toString()));
    child.once('close', () => {
      this.#isSilent = true;
      [...this.#listeners].forEach((it) => it());
    });
  }

  static start(kind: 'ours' | 'kazoo', options: LockerOptions): Locker {
    writeFileSync(options.beliefs, '', { flag: 'a' });
    const [file, ...args] =
      kind === 'ours'
        ? [process.execPath, '-r', join(__dirname, 'register.js'), join(__dirname, 'child-locker.ts')]
        : ['/usr/bin/python3', join(__dirname, 'kazoo_locker.py')];
    return new Locker(spawn(file!, [...args, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] }), options);
  }

  /** Resolves when the word was said that often. */
  async said(word: 'ready' | 'held', times = 1): Promise<void> {
    while ((this.#said.get(word) ?? 0) < times) {
      if (this.#isSilent) throw new Error(`a locker ended early: ${this.#trouble}`);
      await new Promise<void>((done) => {
        const look = () => {
          this.#listeners.delete(look);
          done();
        };
        this.#listeners.add(look);
      });
    }
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Lets it finish; throws what it complained of. */
  async stop(): Promise<void> {
    this.thaw();
    await this.#end('SIGTERM');
    if (this.child.exitCode !== 0 && this.child.signalCode === null)
      throw new Error(`a locker failed: ${this.#trouble}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#isOver()) return;
    const ended = once(this.child, 'close');
    this.child.kill(signal);
    await ended;
  }

  #isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

export interface Belief {
  readonly fence: bigint;
  /** The first and the last moment at which the lock was certainly believed in, in nanoseconds. */
  from: bigint;
  to: bigint;
}

/** All times that anybody believed to hold the lock, in the order of their beginning. */
export function readBeliefs(files: readonly string[]): Belief[] {
  const beliefs = new Map<bigint, Belief>();
  for (const file of new Set(files)) {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((it) => /^\d+ \d+ \d+$/.test(it));
    for (const line of lines) {
      const [fence, before, after] = line.split(' ').map(BigInt) as [bigint, bigint, bigint];
      const known = beliefs.get(fence);
      if (known === undefined) beliefs.set(fence, { fence, from: after, to: before });
      else known.to = before;
    }
  }
  return [...beliefs.values()].sort((a, b) => (a.from < b.from ? -1 : 1));
}

/** Pairs of which both believed at the same time. */
export function overlaps(beliefs: readonly Belief[]): string[] {
  return beliefs.flatMap((one, at) => {
    const next = beliefs[at + 1];
    if (next === undefined || next.from > one.to) return [];
    return [`${one.fence} until ${one.to}, but ${next.fence} from ${next.from}`];
  });
}

/** The fences of all entries that were ever made, in the order in which the server made them. */
export async function entryFences(zk: ZooKeeper, log: string): Promise<bigint[]> {
  await zk.sync(log);
  const { children } = await zk.children(log);
  const reads = children.toSorted().map((name) => ({ op: 'get' as const, path: `${log}/${name}` }));
  const results = await zk.multiRead(reads);
  return results.map((it) => {
    if (it.op !== 'get') throw new Error('an entry is missing');
    return BigInt(it.data.toString());
  });
}

/** Entries made under an older lock than one before them. */
export function stepsBack(fences: readonly bigint[]): string[] {
  return fences.flatMap((fence, at) => (at > 0 && fence < fences[at - 1]! ? [`${fence} after ${fences[at - 1]}`] : []));
}
