import { setMaxListeners } from 'node:events';
import type { Json } from '../model/json';
import { answerPath, EXPLAIN, questionPath } from '../model/own-paths';
import { isZkError } from '../zk/errors';
import { openTree } from '../zk/tree';
import type { CachedTree } from '../zk/tree-api';
import { deleteQuietly, makePath } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

type Parts = Omit<StoreParts, 'observe'>;

const QUESTION = `${EXPLAIN}/ask-`;
const ANSWER = `${EXPLAIN}/answer-`;

/**
 * Answers questions about requests for as long as it is open. Question and answer are ephemeral znodes: nothing is written
 * while nobody asks, and nothing outlives who made it.
 */
export class Answerer {
  readonly #tree: CachedTree;
  readonly #parts: StoreParts;
  /** Part of the names of our answers. */
  readonly #me: string;
  /** Questions that have been answered, with the session they were answered in, or are being answered. */
  readonly #given = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  /** `answer` may take its time, until its signal says that nobody is to be answered any more. */
  constructor(
    parts: Parts,
    private readonly answer: (request: string, signal: AbortSignal) => Promise<Json>,
  ) {
    setMaxListeners(0, this.#closing.signal); // every question on its way listens
    this.#parts = { ...parts, observe: () => undefined };
    this.#me = parts.random.hex(8);
    this.#tree = openTree(parts.zk, EXPLAIN, { keep: (it) => (it.startsWith(ANSWER) ? 'presence' : 'data') }, parts);
    this.#tree.onEvent(() => this.#look());
    this.#tree.onFresh(() => this.#look());
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('no question is answered any more'));
    await this.#tree.close();
    await Promise.all(this.#given.values());
    for (const question of this.#given.keys()) await this.#withdraw(question);
  }

  #look(): void {
    if (!this.#tree.fresh) return;
    const asked = new Set<string>();
    for (const { path, data } of this.#tree.all()) {
      if (!path.startsWith(QUESTION)) continue;
      const question = path.slice(QUESTION.length);
      asked.add(question);
      if (!this.#given.has(question)) this.#given.set(question, this.#give(question, data.toString('utf8')));
    }
    for (const [question, given] of this.#given) {
      if (asked.has(question)) continue;
      this.#given.delete(question);
      void given.then(() => this.#withdraw(question));
    }
  }

  async #give(question: string, request: string): Promise<void> {
    const path = answerPath(question, this.#me);
    try {
      const data = Buffer.from(JSON.stringify(await this.answer(request, this.#closing.signal)));
      await this.#parts.zk.create(path, data, { mode: 'ephemeral' });
    } catch (error) {
      if (isZkError(error, 'NODE_EXISTS') || this.#closing.signal.aborted) return;
      this.#parts.log.warn('question could not be answered', { request, err: error });
    }
  }

  async #withdraw(question: string): Promise<void> {
    await deleteQuietly(this.#parts.zk, answerPath(question, this.#me)).catch((error: unknown) => {
      this.#parts.log.debug('answer goes with the session', { err: error });
    });
  }
}

/**
 * Asks all launchers about a request. Resolves with what each said as soon as `isEnough`, or with what is there after
 * `timeoutMs`: launchers of Python do not answer.
 */
export async function askLaunchers(
  parts: Parts,
  request: string,
  isEnough: (answers: readonly Json[]) => boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly Json[]> {
  const all: StoreParts = { ...parts, observe: () => undefined };
  const question = parts.random.hex(8);
  const mine = answerPath(question, '');
  const keep = (path: string) => (path === EXPLAIN || path.startsWith(mine) ? 'data' : 'skip');
  const tree = openTree(parts.zk, EXPLAIN, { keep }, parts);
  try {
    await untilKnown(all, () => makePath(all, EXPLAIN), { signal });
    await tree.ready(signal);
    await parts.zk.create(questionPath(question), Buffer.from(request), { mode: 'ephemeral' });
    await untilAnswered(tree, () => isEnough(read(tree, mine)), timeoutMs, parts, signal);
    return read(tree, mine);
  } finally {
    await tree.close();
    await untilKnown(all, () => deleteQuietly(parts.zk, questionPath(question)), { sessionBound: true }).catch(
      (error: unknown) => parts.log.debug('question goes with the session', { err: error }),
    );
  }
}

function read(tree: CachedTree, prefix: string): readonly Json[] {
  return [...tree.all()]
    .filter((it) => it.path.startsWith(prefix))
    .map((it) => JSON.parse(it.data.toString('utf8')) as Json);
}

function untilAnswered(
  tree: CachedTree,
  isDone: () => boolean,
  timeoutMs: number,
  { clock }: Parts,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      stop();
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = () => end(() => reject(signal.reason as Error));
    const stop = tree.onEvent(() => {
      if (isDone()) end(resolve);
    });
    const timer = clock.after(timeoutMs, () => end(resolve));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else if (isDone()) end(resolve);
  });
}
