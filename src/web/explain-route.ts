import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';
import { askWhy, type RequestExplanation } from '../store/explain-request';
import type { Answer, Route } from './answer';
import { jsonAnswer, problem } from './answers';
import type { SeenTree } from './seen-tree';

export const EXPLAIN_PATH = '/api/v1/requests/:id/explain';

/** A question costs every launcher a look: so many at a time. */
const MOST_QUESTIONS = 16;
/** What launchers said holds for so long. */
const KEPT_MS = 1_000;

interface Tools {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
}

/** Why a request waits, in the words of every launcher, as `nodepool explain` has it. */
export function explainRoute(tree: SeenTree, tools: Tools): Route {
  const questions = new Questions(tree, tools);
  return {
    path: EXPLAIN_PATH,
    handle: async ({ params: { id = '' }, signal }): Promise<Answer> => {
      const { state } = tree.store.zk;
      if (state !== 'connected') return problem(503, 'not-connected', `ZooKeeper is ${state}`, { 'Retry-After': '1' });
      const answer = questions.ask(id);
      if (answer === undefined)
        return problem(503, 'too-many-questions', 'too many questions are open', { 'Retry-After': '2' });
      const found = await Promise.race([answer, untilAborted(signal)]);
      if (found === undefined) return problem(404, 'not-found', 'there is no such Request');
      const { request, pools } = found;
      return jsonAnswer(200, { id, state: request.state, labels: request.nodeTypes, pools });
    },
  };
}

/** Who asks while the same question is out, or was answered just now, gets that answer. */
class Questions {
  readonly #open = new Set<string>();
  readonly #asked = new Map<
    string,
    { readonly answer: Promise<RequestExplanation | undefined>; readonly askedAt: number }
  >();

  constructor(
    private readonly tree: SeenTree,
    private readonly tools: Tools,
  ) {}

  /** Undefined: too many are out. */
  ask(id: string): Promise<RequestExplanation | undefined> | undefined {
    const askedAt = this.tools.clock.monotonic();
    for (const [key, it] of this.#asked) {
      if (!this.#open.has(key) && askedAt - it.askedAt > KEPT_MS) this.#asked.delete(key);
    }
    const before = this.#asked.get(id);
    if (before !== undefined) return before.answer;
    if (this.#open.size >= MOST_QUESTIONS) return undefined;
    this.#open.add(id);
    const { store, closed } = this.tree;
    const answer = askWhy(store, this.tools, id, closed).finally(() => this.#open.delete(id));
    answer.catch(() => undefined); // told to who asked, if they are still there
    this.#asked.set(id, { answer, askedAt });
    return answer;
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    if (signal.aborted) reject(signal.reason as Error);
  });
}
