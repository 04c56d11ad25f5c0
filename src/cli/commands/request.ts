import type { REQUEST_PRIORITIES } from '../../model/ids';
import type { Store } from '../../store/api';
import { connectScheduler, type NodeSet, type Scheduler, type SubmittedRequest } from '../../scheduler/scheduler';
import { reachView } from '../../views/reach';
import type { Command, CommandContext, Options } from '../context';
import { CommandError, UsageError } from '../failure';
import { ownCommand } from '../own-command';
import { printView } from '../print-view';
import { explainWait, poolText } from '../request/explain-wait';
import { holdJobOf, REQUESTOR, whoAsks } from '../request/requestor';
import { askWhy } from '../../store/explain-request';
import { countOption, secondsOption } from '../time-option';

/** Asks for nodes as a scheduler does (zuul-client.md 3, 7). */
export const run: Command = async (context, labels, options) => {
  const count = countOption(options, 'count', '--count');
  const priority = priorityOf(String(options['priority']));
  const holdSeconds = secondsOption(options, 'holdTime', '--hold-time') ?? 0;
  const { provider, tenant, reason } = options;
  const store = await context.store();
  await warnOfUnknown(context, store, labels, typeof provider === 'string' ? provider : undefined);
  const scheduler = connectScheduler(store, { name: REQUESTOR }, context);
  const isWaiting = options['wait'] === true;
  const request = await scheduler.submit({
    labels: labels.flatMap((it) => Array.from({ length: count }, () => it)),
    priority,
    provider: typeof provider === 'string' ? provider : null,
    tenantName: typeof tenant === 'string' ? tenant : null,
    reuse: options['new'] !== true,
    requestorData: { requested_by: whoAsks(), reason: typeof reason === 'string' ? reason : null },
    lifetime: isWaiting ? 'session' : 'persistent',
  });
  if (!isWaiting) {
    await context.print(`${request.id}\n`);
    context.complain(`see what it waits for:  ${ownCommand(context, 'explain', request.id)}`);
    context.complain(`give it back:           ${ownCommand(context, 'release', request.id)}`);
    return 0;
  }
  try {
    const nodes = await untilGiven(context, store, scheduler, request);
    const comment = `${typeof reason === 'string' ? reason : 'requested'} (${whoAsks()})`;
    await keep(nodes, { comment, holdSeconds });
    await tell(context, options, nodes, holdSeconds);
    return 0;
  } catch (error) {
    await scheduler.cancel(request); // gone already, if its nodes were taken
    throw error;
  } finally {
    await scheduler.close();
  }
};

function priorityOf(text: string): keyof typeof REQUEST_PRIORITIES | number {
  if (text === 'high' || text === 'normal' || text === 'low') return text;
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new UsageError(`argument --priority: '${text}' is neither high, normal, low nor a number from 0 to 999`);
}

/** A label may be about to come; most often it is a slip. */
async function warnOfUnknown(
  context: CommandContext,
  store: Store,
  labels: readonly string[],
  provider: string | undefined,
): Promise<void> {
  const pools = [...(await store.components.read()).pool] as readonly OfferingPool[];
  if (pools.length === 0) {
    context.complain('no launcher is running: the request waits for one');
    return;
  }
  const offered = new Set(pools.flatMap((it) => it.component.supportedLabels ?? []));
  const unknown = [...new Set(labels)].filter((it) => !offered.has(it));
  if (unknown.length > 0) {
    context.complain(`no launcher offers ${unknown.join(', ')} (offered: ${[...offered].sort().join(', ')})`);
  }
  if (provider === undefined || pools.some((it) => it.component.providerName === provider)) return;
  const providers = [...new Set(pools.map((it) => it.component.providerName))].sort().join(', ');
  context.complain(`no launcher has provider ${provider}: any may serve it (there are: ${providers})`);
}

interface OfferingPool {
  readonly component: { readonly supportedLabels?: readonly string[]; readonly providerName?: string | null };
}

async function untilGiven(
  context: CommandContext,
  store: Store,
  scheduler: Scheduler,
  request: SubmittedRequest,
): Promise<NodeSet> {
  context.complain(`request ${request.id} is filed; Ctrl-C takes it back`);
  const done = new AbortController();
  const remarks = explainWait(context, store, request.id, AbortSignal.any([done.signal, context.signal]));
  try {
    const outcome = await scheduler.await(request, context.signal);
    if (outcome.state === 'gone') throw new CommandError(`request ${request.id} was deleted by somebody`);
    if (outcome.state === 'failed') throw new CommandError(await whyFailed(context, store, request.id));
  } finally {
    done.abort();
    await remarks;
  }
  return scheduler.accept(request, context.signal);
}

async function whyFailed(context: CommandContext, store: Store, id: string): Promise<string> {
  const pools = (await askWhy(store, context, id, context.signal))?.pools ?? [];
  const words = pools.map((it) => poolText(it, 0)).join('; ');
  return `request ${id} failed${words === '' ? '' : `: ${words}`}`;
}

/** From here on the nodes stay without us, until they are released or their time is over. */
async function keep(
  nodes: NodeSet,
  { comment, holdSeconds }: { readonly comment: string; readonly holdSeconds: number },
): Promise<void> {
  try {
    await nodes.hold({ reason: comment, job: holdJobOf(nodes.request), expirationSeconds: holdSeconds });
  } finally {
    await nodes.release();
  }
}

async function tell(context: CommandContext, options: Options, set: NodeSet, holdSeconds: number): Promise<void> {
  await printView(context, options, reachView(set.nodes));
  const [first] = set.nodes;
  const until = new Date(context.clock.wall() + holdSeconds * 1000).toTimeString().slice(0, 5);
  context.complain(`log in:     ${ownCommand(context, 'ssh', first?.id ?? '')}`);
  const giveBack = ownCommand(context, 'release', set.request);
  context.complain(`give back:  ${giveBack}   (done by the launcher at ${until} otherwise)`);
}
