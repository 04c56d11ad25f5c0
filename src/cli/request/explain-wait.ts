import { askWhy, type PoolAnswer } from '../../store/explain-request';
import type { Store } from '../../store/api';
import { ageText } from '../../views/column';
import type { CommandContext } from '../context';

/** What comes at once needs no explanation. */
const FIRST_MS = 1500;
const PERIOD_MS = 3000;

/** Says on standard error what a request waits for, whenever that changes, until `done`. */
export async function explainWait(
  context: CommandContext,
  store: Store,
  request: string,
  done: AbortSignal,
): Promise<void> {
  const { clock } = context;
  const began = clock.monotonic();
  const said = new Map<string, string>();
  try {
    await clock.sleep(FIRST_MS, done);
    for (;;) {
      const found = await askWhy(store, context, request, done);
      const elapsed = ageText(0, (clock.monotonic() - began) / 1000).slice(3);
      if (found?.pools.length === 0) tell('', 'no launcher is running');
      for (const it of found?.pools ?? []) tell(it.pool, poolText(it, clock.wall() / 1000));
      function tell(pool: string, text: string): void {
        if (said.get(pool) === text.replace(ESTIMATE, '')) return;
        said.set(pool, text.replace(ESTIMATE, ''));
        context.complain(`${elapsed}  ${text}`);
      }
      await clock.sleep(PERIOD_MS, done);
    }
  } catch (error) {
    if (!done.aborted) throw error;
  }
}

/** Grows or shrinks while nothing happens: no news by itself. */
const ESTIMATE = / \(expected in [\d:]+\)$/;

/** `fake-west main: launching, 1 of 2 nodes are ready (expected in 00:00:40)`. */
export function poolText(
  { pool, provider, name, status, reason, detail, expected }: PoolAnswer,
  nowSeconds: number,
): string {
  const who = provider === null && name === null ? pool : `${provider ?? '?'} ${name ?? '?'}`;
  const what = status === reason ? status : `${status}, ${reason}`;
  const when = expected === null ? '' : ` (expected in ${ageText(nowSeconds, expected).slice(3)})`;
  return `${who}: ${what}${detail === null ? '' : `: ${detail}`}${when}`;
}
