import type { IncomingMessage } from 'node:http';
import { builderOf, webUrlOf } from '../model/component-extras';
import type { BuildKey } from '../model/paths';
import type { ComponentEntry } from '../store/api';
import type { CommandContext } from './context';
import { CommandError } from './failure';
import type { KnownBuild } from './find-build';
import { bodyText, openGet } from './http-get';
import { serverEvents } from './server-events';

/** How long a builder that went away in the middle of a log is waited for. */
const PATIENCE_MS = 30_000;
const BETWEEN_TRIES_MS = 1_000;

/** Where the log of a build is to be asked for. */
export interface LogPlace {
  readonly key: BuildKey;
  readonly host: string;
  readonly url: string;
}

/** The log's place by the component registry; a CommandError that says what is missing. */
export function placeOfLog(build: KnownBuild, builders: readonly ComponentEntry[]): LogPlace {
  const { key } = build;
  const name = `${key.image}-${key.build}`;
  const entry = builderOf(builders, build);
  const host = build.builder ?? 'unknown';
  if (entry === undefined) {
    throw new CommandError(`the log of ${name} is on builder ${host}, which is not running`);
  }
  const url = webUrlOf(entry.component);
  if (url === undefined) {
    const why = 'which serves no HTTP: configure "webapp: {builder_port: PORT}" there';
    throw new CommandError(`the log of ${name} is on builder ${host}, ${why}`);
  }
  const path = `/api/v1/builds/${encodeURIComponent(key.image)}/${key.build}/log`;
  return { key, host, url: `${url}${path}` };
}

/** Prints what the log says so far. */
export async function printLog(context: CommandContext, place: LogPlace): Promise<void> {
  const answer = await reach(context, place, place.url, {});
  answer.setEncoding('utf8');
  for await (const text of answer) await context.print(text as string);
}

/**
 * Prints the log as it grows and returns how the build ended. A link that breaks is made again where it broke off, for half a
 * minute.
 */
export async function followLog(context: CommandContext, place: LogPlace): Promise<string> {
  const { clock, signal } = context;
  let at: string | undefined;
  let sinceMs = clock.monotonic();
  for (;;) {
    try {
      const headers = at === undefined ? {} : { 'Last-Event-ID': at };
      const answer = await reach(context, place, `${place.url}/stream`, headers);
      for await (const { event, data, id } of serverEvents(answer as AsyncIterable<Buffer>)) {
        sinceMs = clock.monotonic();
        at = id ?? at;
        if (event === 'log') await context.print(`${data}\n`);
        if (event === 'truncated') context.complain('the log was begun anew; from its start:');
        if (event === 'end') return outcomeOf(data);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (at === undefined || (error instanceof CommandError && !(error instanceof UnreachableError))) throw error;
      if (clock.monotonic() - sinceMs > PATIENCE_MS) throw error;
    }
    await clock.sleep(BETWEEN_TRIES_MS, signal);
  }
}

function outcomeOf(data: string): string {
  const { outcome } = JSON.parse(data) as { readonly outcome?: string };
  return outcome ?? 'unknown';
}

class UnreachableError extends CommandError {}

async function reach(
  context: CommandContext,
  place: LogPlace,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  let answer: IncomingMessage;
  try {
    answer = await openGet(url, headers, context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    const message = `builder ${place.host} cannot be reached at ${new URL(url).origin}: ${why}`;
    throw new UnreachableError(message, { cause: error });
  }
  if (answer.statusCode === 200) return answer;
  const said = await bodyText(answer);
  throw new CommandError(
    `builder ${place.host} has no log to show: ${messageOf(said) ?? `status ${answer.statusCode}`}`,
  );
}

/** The sentence in an answer that is a refusal. */
function messageOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { readonly error?: { readonly message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}
