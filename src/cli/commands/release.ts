import { parseRequestId } from '../../model/ids';
import { NODE_MOVES } from '../../model/moves';
import type { Node } from '../../model/records';
import { wallSeconds } from '../../runtime/clock';
import type { NodeClaim, Store } from '../../store/api';
import { giveBackRequest } from '../../store/by-hand';
import { nodesView } from '../../views/nodes';
import { claimNode, nodeNotFound, requestId } from '../change-node';
import type { Command, CommandContext, Options } from '../context';
import { CommandError } from '../failure';
import { ownCommand } from '../own-command';
import { isDocument, printView, remark } from '../print-view';
import { REQUESTOR } from '../request/requestor';

/** Gives back nodes, as `used`, and requests with their nodes. Those that can be given back are, whatever the others say. */
export const run: Command = async (context, ids, options) => {
  const store = await context.store();
  const given: { readonly id: string; readonly record: Node }[] = [];
  let status = 0;
  for (const id of ids.map(requestId)) {
    try {
      const release = parseRequestId(id) === undefined ? releaseNode : releaseRequest;
      given.push(...(await release(context, store, id, options)));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      context.complain(`nodepool: error: ${error.message}`);
      status = 1;
    }
  }
  if (given.length > 0 || isDocument(options)) {
    const rows = given.map((it) => ({ ...it, locked: false }));
    await printView(context, options, nodesView(rows, wallSeconds(context.clock), false));
  }
  return status;
};

const isForced = (options: Options) => options['force'] === true;

type Released = readonly { readonly id: string; readonly record: Node }[];

async function releaseNode(context: CommandContext, store: Store, given: string, options: Options): Promise<Released> {
  const claim = await claimNode(context, store, given);
  if (claim === undefined) throw new CommandError(nodeNotFound(given));
  try {
    const { state, allocatedTo } = claim.current.record;
    if (state === 'used' || state === 'deleting' || state === 'deleted') {
      await remark(context, options, `Node ${claim.id} is given back already`);
      return [];
    }
    if (state === 'ready' && allocatedTo === null) {
      await remark(context, options, `Node ${claim.id} waits for a request: there is nothing to give back`);
      return [];
    }
    if (state === 'ready' && allocatedTo !== null && !isForced(options)) await refuseOthers(store, allocatedTo);
    if (!NODE_MOVES[state].includes('used')) {
      throw new CommandError(
        `node ${claim.id} is ${state}; to take it away: ${ownCommand(context, 'delete', claim.id)}`,
      );
    }
    return [await markUsed(claim)];
  } finally {
    await claim.release();
  }
}

async function releaseRequest(context: CommandContext, store: Store, id: string, options: Options): Promise<Released> {
  if (!isForced(options)) await refuseOthers(store, id);
  const outcome = await giveBackRequest(store, id, context.signal);
  if (outcome === 'locked') throw new CommandError(`nodes of request ${id} are locked: somebody works on them`);
  if (outcome !== 'not-found') await remark(context, options, `Request ${id} taken back`);
  const nodes = await store.nodes.read();
  // Nodes that were handed over are held; their request is gone since.
  const held = [...nodes.values()].filter((it) => it.record?.allocatedTo === id && it.record.state === 'hold');
  const released: Released[number][] = [];
  for (const it of held) {
    const claim = await claimNode(context, store, it.id);
    if (claim === undefined) continue;
    try {
      released.push(await markUsed(claim));
    } finally {
      await claim.release();
    }
  }
  if (outcome === 'not-found' && held.length === 0) throw new CommandError(`Request id ${id} not found`);
  const given = outcome === 'not-found' ? [] : outcome.nodes;
  const others = given.flatMap((it) => {
    const record = nodes.get(it)?.record;
    return record === undefined ? [] : [{ id: it, record }];
  });
  return [...others, ...released];
}

/** A scheduler that waits for a request, or is about to take its nodes, would fail its job. */
async function refuseOthers(store: Store, request: string): Promise<void> {
  const requestor = (await store.requests.get(request))?.record.requestor;
  if (requestor === undefined || requestor === REQUESTOR) return;
  throw new CommandError(`request ${request} is of ${requestor ?? 'somebody else'}; --force takes it away`);
}

async function markUsed(claim: NodeClaim): Promise<Released[number]> {
  const { record } = await claim.write({ state: 'used' });
  return { id: claim.id, record };
}
