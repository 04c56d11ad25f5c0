import { Nudge } from '../../runtime/reconcile';
import { wallSeconds } from '../../runtime/clock';
import type { Command, CommandContext } from '../context';
import { openParts, type Part, readParts } from '../lists/tree-list';
import { isTerminal, Screen } from '../screen';
import { onKey } from '../top/keys';
import { overview } from '../top/overview';
import { pageLines, pressed, renderTop, type TopScene, type TopState } from '../top/pages';

const PARTS: readonly Part[] = ['nodes', 'requests', 'images', 'components'];
/** A tree where everything moves is still to be read. */
const CALM_MS = 200;
/** Ages move on. */
const TICK_MS = 1000;
const MANY = 1000;

/** Nodes, requests, images and components as they change. Where there is no terminal: the overview, once. */
export const run: Command = async (context, _args, options) => {
  const { stdout } = context.io;
  if (options['once'] !== true && isTerminal(stdout)) return live(context, new Screen(stdout));
  const tree = await readParts(await context.store(), PARTS);
  await context.print(`${overview(tree, wallSeconds(context.clock), MANY).join('\n')}\n`);
  return 0;
};

async function live(context: CommandContext, screen: Screen): Promise<number> {
  const { clock } = context;
  const { current, views } = await openParts(await context.store(), PARTS, context.signal);
  const quit = new AbortController();
  const signal = AbortSignal.any([context.signal, quit.signal]);
  const nudge = new Nudge();
  let state: TopState = { page: 'overview', top: 0 };
  const scene = (): TopScene => ({
    tree: current(),
    nowSeconds: wallSeconds(clock),
    time: new Date(clock.wall()).toTimeString().slice(0, 8),
    fresh: views.every((it) => it.fresh),
    height: screen.height,
  });
  const draw = () => screen.draw(renderTop(state, scene()));
  screen.open();
  const stops = [
    ...views.map((it) => it.onChange(() => nudge.nudge())),
    screen.onResize(draw),
    onKey(context.io.stdin, (key) => {
      const next = pressed(state, key, pageLines(state.page, scene()).length, screen.height - 2);
      if (next === 'quit') return quit.abort();
      state = next;
      draw();
    }),
  ];
  try {
    for (;;) {
      draw();
      await clock.sleep(CALM_MS, signal);
      await nudge.wait(TICK_MS - CALM_MS, clock, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return 0;
  } finally {
    for (const stop of stops) stop();
    screen.close();
  }
}
