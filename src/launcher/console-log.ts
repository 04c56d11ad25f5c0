import type { ExternalId, Provider } from '../drivers/driver';
import { logTrouble } from '../drivers/log-trouble';
import type { Logger } from '../runtime/log';
import { within } from './cloud-call';
import type { LauncherTools } from './tools';

/** How long a failed launch waits for what the instance has printed. */
const PATIENCE_MS = 30_000;
/** The end tells what went wrong; a machine that prints for hours must not fill the log. */
const MOST_LINES = 1000;

/** Writes what an instance has printed to the log, line by line (launcher.md 15). Rejects only with the signal's reason. */
export async function logConsole(
  provider: Provider,
  externalId: ExternalId,
  tools: Pick<LauncherTools, 'clock'> & { readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const ask = provider.consoleLog?.bind(provider);
  if (ask === undefined) return;
  try {
    const text = await within(PATIENCE_MS, 'console log', tools, signal, (it) => ask(externalId, it));
    const lines = text.split(/\r?\n/).filter((it) => it !== '');
    if (lines.length > MOST_LINES) tools.log.info('console: earlier lines are left out', { lines: lines.length });
    for (const line of lines.slice(-MOST_LINES)) tools.log.info('console', { line });
  } catch (error) {
    signal.throwIfAborted();
    logTrouble(tools.log, 'warn', 'console log is not available', error);
  }
}
