import { wallSeconds } from '../../runtime/clock';
import { Nudge } from '../../runtime/reconcile';
import type { View } from '../../views/column';
import { narrow, type Narrowing } from '../../views/narrow';
import { tableText } from '../../views/table';
import type { CommandContext, Options } from '../context';
import { formatView } from '../print-view';
import { isTerminal, Screen } from '../screen';
import type { Listing, ListSource, LiveListing } from './list-source';

/** Least time between two drawings: a tree where everything moves is still to be read by a person. */
const CALM_MS = 200;
/** Ages move on though nothing changes. */
const TICK_SECONDS = 1;
const POLL_SECONDS = 2;

/**
 * Shows a list again whenever it changes, until the user interrupts. On a terminal it is redrawn in place, every second for
 * the ages; elsewhere each change is printed: tables with an empty line between, JSON as one line for each state.
 */
export async function watchList<Row>(
  context: CommandContext,
  options: Options,
  source: ListSource<Row>,
  narrowing: Narrowing,
): Promise<number> {
  const { clock, signal } = context;
  const nudge = new Nudge();
  const stopping = new AbortController();
  let live: LiveListing<Row> | undefined;
  let stop = () => {};
  const display = displayFor<Row>(context, options);
  const givenSeconds = options['watch'] === 'auto' ? undefined : Number(options['watch']);
  const everyMs =
    (givenSeconds ?? (source.follow === undefined ? (source.pollSeconds ?? POLL_SECONDS) : TICK_SECONDS)) * 1000;
  try {
    live = await source.follow?.(AbortSignal.any([signal, stopping.signal]));
    stop = live?.onChange(() => nudge.nudge()) ?? stop;
    display.open();
    for (;;) {
      const listing: Listing<Row> = await (live?.current() ?? source.read());
      display.show(narrow(listing(wallSeconds(clock)), narrowing), live?.fresh ?? true);
      await clock.sleep(CALM_MS, signal);
      await nudge.wait(Math.max(0, everyMs - CALM_MS), clock, signal);
    }
  } catch (error) {
    if (signal.aborted) return 0; // the way it is meant to end
    throw error;
  } finally {
    display.close();
    stop();
    stopping.abort();
  }
}

interface Display<Row> {
  open(): void;
  show(view: View<Row>, fresh: boolean): void;
  close(): void;
}

function displayFor<Row>(context: CommandContext, options: Options): Display<Row> {
  const { stdout } = context.io;
  const isTable = options['format'] === undefined || options['format'] === 'table';
  return isTerminal(stdout) && isTable ? screenDisplay(context, new Screen(stdout)) : streamDisplay(context, options);
}

function screenDisplay<Row>(context: CommandContext, screen: Screen): Display<Row> {
  const title = `nodepool ${context.global.commandLine}`;
  return {
    open: () => screen.open(),
    show(view, fresh) {
      const time = new Date(context.clock.wall()).toTimeString().slice(0, 8);
      const state = fresh ? `${view.rows.length} rows, Ctrl-C ends` : 'ZooKeeper is out of reach: may be out of date';
      screen.draw([`${title}   ${time}   ${state}`, '', ...tableText(view).trimEnd().split('\n')]);
    },
    close: () => screen.close(),
  };
}

/** What is the same but for its ages is not printed again. */
function streamDisplay<Row>(context: CommandContext, options: Options): Display<Row> {
  let before: string | undefined;
  const isTable = options['format'] === undefined || options['format'] === 'table';
  return {
    open: () => undefined,
    show(view, fresh) {
      if (!fresh) return;
      const ageless = formatView({ ...view, columns: view.columns.filter((it) => it.isAge !== true) }, 'json');
      if (ageless === before) return;
      const text = formatView(view, options['format']);
      const first = before === undefined;
      before = ageless;
      if (options['format'] === 'json') void context.print(`${oneLine(text)}\n`);
      else void context.print(`${first || !isTable ? '' : '\n'}${text}${options['format'] === 'yaml' ? '---\n' : ''}`);
    },
    close: () => undefined,
  };
}

/** Lines of a JSON list begin and end outside of strings. */
const oneLine = (json: string) => json.replace(/\n\s*/g, '');
