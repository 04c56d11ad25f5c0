import type { Logger } from '../runtime/log';
import { deadline, DeadlineError } from '../runtime/deadline';
import { ClaimLostError } from '../store/api';
import { AdminGate } from './admin-gate';
import { ADMIN_CALLS, type AdminCall, type AdminResult, type AdminScene } from './admin-calls';
import { type AdminTokens } from './admin-tokens';
import type { BodyAnswer, Route, WebRequest } from './answer';
import { jsonAnswer, problem } from './answers';

/** What a server needs to let things be changed. */
export interface AdminOptions extends AdminScene {
  readonly tokens: AdminTokens;
  readonly log: Logger;
}

/** ZooKeeper may be gone: nobody waits for ever for what may not come. */
const PATIENCE_MS = 15_000;

/**
 * The calls that change things, each written to the audit log with who, from where, what and how it ended. Without `options`
 * the server is read-only: all of them are refused.
 */
export function adminRoutes(options: AdminOptions | undefined): Route[] {
  const handler = options === undefined ? () => readOnly : handlerOf(options);
  return ADMIN_CALLS.map((call) => ({
    path: call.path,
    methods: call.method === 'GET' ? ['GET', 'HEAD'] : [call.method],
    handle: handler(call),
  }));
}

const readOnly = () =>
  problem(403, 'read-only', 'this server only shows things: it has no "webapp: admin_token_file" configured');

function handlerOf(options: AdminOptions): (call: AdminCall) => (request: WebRequest) => Promise<BodyAnswer> {
  const gate = new AdminGate(options.tokens, options.log, options.clock);
  const audit = options.log.child({ logger: 'nodepool.audit' });
  return (call) => async (request) => {
    const about = { call: call.name, path: request.path, peer: request.peer, forwarded_for: forwardedFor(request) };
    const admitted = await gate.admit(request);
    if ('kind' in admitted) {
      if (call.method !== 'GET' || request.headers.authorization !== undefined)
        audit.warn('admin call refused', { ...about, status: admitted.status });
      return admitted;
    }
    const who = admitted.name;
    const result = await perform(call, request, who, options);
    const { status, code, facts } = result;
    const level = code === undefined ? 'info' : 'warn';
    audit[level]('admin call', { who, ...about, body: bodyText(request), status, code, ...facts });
    return answerOf(call, result);
  };
}

/** Never throws: how it ended must reach the audit log, whoever is still listening. */
async function perform(call: AdminCall, request: WebRequest, who: string, scene: AdminOptions): Promise<AdminResult> {
  const body = parseBody(call, request);
  if ('problem' in body) return { status: 400, code: 'bad-request', message: body.problem };
  const { state } = scene.store.zk;
  if (state !== 'connected') return { status: 503, code: 'not-connected', message: `ZooKeeper is ${state}` };
  const isForced = call.forcible === true && request.query.get('force') === 'true';
  const limit = deadline(PATIENCE_MS, 'the change', scene.clock);
  const signal = AbortSignal.any([request.signal, limit.signal]);
  try {
    const running = call.run(scene, { params: request.params, body: body.value, isForced, who, signal });
    return await Promise.race([running, untilAborted(signal)]);
  } catch (error) {
    return failureOf(error, request, scene.log);
  } finally {
    limit.cancel();
  }
}

function failureOf(error: unknown, { path, signal }: WebRequest, log: Logger): AdminResult {
  if (error instanceof ClaimLostError)
    return { status: 409, code: 'changed-meanwhile', message: 'somebody else changed it meanwhile; look again' };
  if (error instanceof DeadlineError)
    return {
      status: 504,
      code: 'no-answer',
      message: 'ZooKeeper did not answer in time; whether it was done is not known',
    };
  if (signal.aborted) return { status: 499, code: 'client-gone', message: 'whether it was done is not known' };
  log.error('admin call failed', { path, err: error });
  return { status: 500, code: 'internal', message: 'it could not be done; the log says why' };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
}

function answerOf(call: AdminCall, { status, code, message, facts }: AdminResult): BodyAnswer {
  if (code !== undefined) return problem(status, code, message ?? code);
  const id = facts?.['id'];
  const headers = status === 201 && typeof id === 'string' ? { Location: `${call.path}/${id}` } : undefined;
  return jsonAnswer(status, facts ?? {}, headers);
}

/** The body as the call wants it; an empty one is an empty object. Otherwise what is wrong with it. */
function parseBody(call: AdminCall, { body }: WebRequest): { readonly value: unknown } | { readonly problem: string } {
  if (call.body === undefined) return { value: undefined };
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch (error) {
    return { problem: `the body is not JSON: ${(error as Error).message}` };
  }
  const parsed = call.body.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  return { problem: issues.join('; ') };
}

const MOST_LOGGED = 2000;

/** What was sent along, for the audit log. */
function bodyText({ body }: WebRequest): string | undefined {
  return body.length === 0 ? undefined : body.toString('utf8').slice(0, MOST_LOGGED);
}

/** As a proxy says; anybody may write anything there, so it stands beside the true address. */
function forwardedFor({ headers }: WebRequest): string | undefined {
  return headers['x-forwarded-for']?.toString().slice(0, 200);
}
