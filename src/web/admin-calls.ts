import { z } from 'zod';
import { REQUEST_PRIORITIES } from '../model/ids';
import type { BuildKey } from '../model/paths';
import type { Node } from '../model/records';
import { newRequest } from '../model/request-record';
import { type Clock, wallSeconds } from '../runtime/clock';
import type { Store } from '../store/api';
import { changeByHand, giveBackRequest, pauseByHand, type Refusal } from '../store/by-hand';
import type { SeenTree } from './seen-tree';

/** An image as the configuration has it. */
export interface ConfiguredImage {
  readonly pause: boolean;
  /** Providers that it is uploaded to, apart from those where it is paused. */
  readonly providers: readonly string[];
}

/** What calls work with. */
export interface AdminScene {
  readonly store: Store;
  readonly tree: SeenTree;
  readonly clock: Clock;
  /** As configured now. */
  readonly images: () => ReadonlyMap<string, ConfiguredImage>;
}

export interface AdminCallInput<B> {
  readonly params: Readonly<Record<string, string>>;
  readonly body: B;
  /** `?force=true`: also what is of others. */
  readonly isForced: boolean;
  /** Name of the token. */
  readonly who: string;
  readonly signal: AbortSignal;
}

/** What a call led to: with `code` why nothing was changed. */
export interface AdminResult {
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
  /** What is answered, and written to the audit log. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Something that changes the tree, for those with a token. One table: of the routes, of their description, of the audit log. */
export interface AdminCall<B = unknown> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** In the description and in the audit log. */
  readonly name: string;
  readonly summary: string;
  readonly body?: z.ZodType<B>;
  /** Takes `?force=true`. */
  readonly forcible?: true;
  /** Statuses besides those that every call may have. */
  readonly statuses: Readonly<Record<number, string>>;
  run(scene: AdminScene, input: AdminCallInput<B>): Promise<AdminResult>;
}

const call = <B>(it: AdminCall<B>) => it as AdminCall;
const refused = (status: number, code: string, message: string): AdminResult => ({ status, code, message });
const done = (status: number, facts: AdminResult['facts'] = {}): AdminResult => ({ status, facts });

const NO_IMAGE = 'There is no such image.';
const unknownImage = (image: string) => refused(404, 'not-found', `there is no image ${image}`);
const isKnown = ({ tree, images }: AdminScene, image: string) => images().has(image) || tree.image(image) !== undefined;

const buildImage = call({
  method: 'POST',
  path: '/api/v1/images/:image/build',
  name: 'buildImage',
  summary: 'Asks for a build of the image.',
  statuses: { 202: 'It was asked for.', 404: NO_IMAGE, 409: 'The image is paused in the configuration.' },
  async run(scene, { params: { image = '' } }) {
    if (!isKnown(scene, image)) return unknownImage(image);
    if (scene.images().get(image)?.pause === true)
      return refused(409, 'paused', `the image ${image} is paused in the configuration`);
    await scene.store.images.requestBuild(image);
    return done(202, { image, build_request: 'pending' });
  },
});

const uploadImage = call({
  method: 'POST',
  path: '/api/v1/images/:image/upload',
  name: 'uploadImage',
  summary: 'Asks for one more upload of the newest ready build, to one provider or to all that use the image.',
  body: z.strictObject({
    provider: z.string().min(1).optional().describe('Default: all providers that use the image.'),
  }),
  statuses: { 202: 'It was asked for.', 404: NO_IMAGE, 409: 'There is no ready build, or no provider uses the image.' },
  async run({ store, tree, images }, { params: { image = '' }, body: { provider } }) {
    const configured = images().get(image);
    if (configured === undefined) return unknownImage(image);
    const targets = configured.providers.filter((it) => provider === undefined || it === provider);
    if (targets.length === 0)
      return refused(
        409,
        'not-in-use',
        `the image ${image} is not in use${provider === undefined ? '' : ` at ${provider}`}`,
      );
    const isBuilt = [...(tree.image(image)?.builds.values() ?? [])].some((it) => it.record?.state === 'ready');
    if (!isBuilt) return refused(409, 'no-build', `the image ${image} has no ready build`);
    for (const it of targets) await store.images.requestUpload(image, it);
    return done(202, { image, providers: targets });
  },
});

const pauseImage = call({
  method: 'POST',
  path: '/api/v1/images/:image/pause',
  name: 'pauseImage',
  summary: 'Pauses builds of the image.',
  statuses: { 200: 'It is paused.', 404: NO_IMAGE },
  async run({ store }, { params: { image = '' } }) {
    return (await pauseByHand(store, image)) ? done(200, { image, paused: true }) : unknownImage(image);
  },
});

const unpauseImage = call({
  method: 'POST',
  path: '/api/v1/images/:image/unpause',
  name: 'unpauseImage',
  summary: 'Lets the image be built again.',
  statuses: { 200: 'It is not paused.', 404: NO_IMAGE },
  async run(scene, { params: { image = '' } }) {
    if (!isKnown(scene, image)) return unknownImage(image);
    await scene.store.images.unpause(image);
    return done(200, { image, paused: false });
  },
});

const marked = (what: string, outcome: 'done' | 'not-found' | 'in-progress', facts: object): AdminResult => {
  if (outcome === 'not-found') return refused(404, 'not-found', `there is no such ${what}`);
  if (outcome === 'in-progress') return refused(409, 'in-progress', `the ${what} is in progress`);
  return done(202, { ...facts, state: 'deleting' });
};

const deleteBuild = call({
  method: 'DELETE',
  path: '/api/v1/builds/:image/:build',
  name: 'deleteBuild',
  summary: 'Has a build deleted, with its uploads and files.',
  statuses: { 202: 'It will be.', 404: 'There is no such build.', 409: 'It is still being built.' },
  async run({ store }, { params: { image = '', build = '' } }) {
    const key: BuildKey = { image, build };
    return marked('build', await store.images.markBuildDeleting(key), key);
  },
});

const deleteUpload = call({
  method: 'DELETE',
  path: '/api/v1/builds/:image/:build/uploads/:provider/:upload',
  name: 'deleteUpload',
  summary: 'Has an upload deleted, in the cloud too.',
  statuses: { 202: 'It will be.', 404: 'There is no such upload.', 409: 'It is still being uploaded.' },
  async run({ store }, { params: { image = '', build = '', provider = '', upload = '' } }) {
    const key = { image, build, provider, upload };
    return marked('upload', await store.images.markUploadDeleting(key), key);
  },
});

/** A change of a node under its lock. `change` has none for nodes in the wrong state. */
async function changeNode(
  { store }: AdminScene,
  id: string,
  signal: AbortSignal,
  status: number,
  change: (node: Node) => Partial<Node> | undefined,
): Promise<AdminResult> {
  const outcome = await changeByHand(store, id, change, signal);
  if (typeof outcome === 'string') return refusal('node', id, outcome);
  const { state } = outcome.record;
  if (!outcome.changed) return refused(409, 'wrong-state', `the node ${id} is ${state}`);
  return done(status, { id, state });
}

function refusal(what: string, id: string, why: Refusal): AdminResult {
  return why === 'not-found'
    ? refused(404, 'not-found', `there is no ${what} ${id}`)
    : refused(409, 'locked', `the ${what} ${id} is in the hands of somebody else`);
}

const NODE = { 404: 'There is no such node.', 409: 'Somebody else has it locked, or its state does not allow it.' };

const holdNode = call({
  method: 'POST',
  path: '/api/v1/nodes/:id/hold',
  name: 'holdNode',
  summary: 'Keeps a node for somebody to look at.',
  body: z.strictObject({
    reason: z.string().max(1000).optional().describe('Shown as the comment of the node.'),
    hold_time: z.int().min(1).optional().describe('Seconds after which it is deleted; default: max-hold-age.'),
  }),
  statuses: { 200: 'It is held.', ...NODE },
  run(scene, { params: { id = '' }, body, who, signal }) {
    const comment = `${body.reason ?? 'held over the web'} (${who})`;
    const until = body.hold_time === undefined ? {} : { holdExpiration: body.hold_time };
    return changeNode(scene, id, signal, 200, () => ({ state: 'hold', comment, ...until }));
  },
});

const deleteNode = call({
  method: 'DELETE',
  path: '/api/v1/nodes/:id',
  name: 'deleteNode',
  summary: 'Has a node deleted, whatever its state.',
  statuses: { 202: 'It will be.', ...NODE },
  run: (scene, { params: { id = '' }, signal }) => changeNode(scene, id, signal, 202, () => ({ state: 'deleting' })),
});

/** States in which somebody may have had a node; of a ready one that depends on whether it is allocated. */
const RELEASABLE: ReadonlySet<string> = new Set(['in-use', 'hold']);
const REQUESTOR_PREFIX = 'web:';

/** A scheduler that waits for its request, or is about to take its nodes, would fail its job. */
async function ofOthers({ store }: AdminScene, request: string | null | undefined): Promise<AdminResult | undefined> {
  if (request === null || request === undefined) return undefined;
  const record = (await store.requests.get(request))?.record;
  if (record === undefined || record.requestor?.startsWith(REQUESTOR_PREFIX) === true) return undefined;
  const owner = record.requestor ?? 'somebody else';
  return refused(409, 'of-others', `the request ${request} is of ${owner}; "?force=true" takes it away`);
}

const releaseNode = call({
  method: 'POST',
  path: '/api/v1/nodes/:id/release',
  name: 'releaseNode',
  summary: 'Gives back a node that was held, or that nobody works on any more.',
  forcible: true,
  statuses: { 202: 'It is used, and will be deleted.', ...NODE },
  async run(scene, { params: { id = '' }, isForced, signal }) {
    const before = (await scene.store.nodes.get(id))?.record;
    const refusal = isForced || before?.state !== 'ready' ? undefined : await ofOthers(scene, before.allocatedTo);
    if (refusal !== undefined) return refusal;
    return changeNode(scene, id, signal, 202, ({ state, allocatedTo }) =>
      RELEASABLE.has(state) || (state === 'ready' && allocatedTo !== null) ? { state: 'used' } : undefined,
    );
  },
});

const requestNodes = call({
  method: 'POST',
  path: '/api/v1/requests',
  name: 'requestNodes',
  summary: 'Requests nodes. Once it is fulfilled they are kept, ready, until the request is released.',
  body: z.strictObject({
    labels: z.array(z.string().min(1)).min(1).max(100).describe('One node of each; a label may be there twice.'),
    priority: z
      .union([z.enum(['high', 'normal', 'low']), z.int().min(0).max(899)])
      .default('normal')
      .describe('Lower numbers go first; high is 100, normal 200, low 300.'),
    provider: z.string().min(1).optional().describe('Preferred provider.'),
    tenant_name: z.string().optional().describe('Tenant whose limits it counts for.'),
    event_id: z.string().optional().describe('Shown in logs.'),
  }),
  statuses: { 201: 'It was filed; `Location` leads to it.' },
  async run({ store, tree, clock }, { body, who }) {
    const offered = new Set([...tree.components.pools.values()].flatMap((it) => it.component.supportedLabels));
    const unknown = body.labels.filter((it) => !offered.has(it));
    if (unknown.length > 0) {
      const known = [...offered].sort().join(', ') || 'none, since no launcher is there';
      return refused(400, 'unknown-label', `no pool offers ${[...new Set(unknown)].join(', ')}; there are: ${known}`);
    }
    const now = wallSeconds(clock);
    const record = newRequest({
      nodeTypes: body.labels,
      requestor: `${REQUESTOR_PREFIX}${who}`,
      provider: body.provider ?? null,
      tenantName: body.tenant_name ?? null,
      eventId: body.event_id ?? null,
      createdTime: now,
      stateTime: now,
    });
    const priority = typeof body.priority === 'number' ? body.priority : REQUEST_PRIORITIES[body.priority];
    return done(201, { id: await store.requests.create(record, priority, 'persistent'), labels: body.labels });
  },
});

const releaseRequest = call({
  method: 'DELETE',
  path: '/api/v1/requests/:id',
  name: 'releaseRequest',
  summary: 'Gives back a request and its nodes, or calls it off.',
  forcible: true,
  statuses: {
    200: 'Its nodes will be deleted.',
    404: 'There is no such request.',
    409: 'It is of a scheduler, or a scheduler has its nodes.',
  },
  async run(scene, { params: { id = '' }, isForced, signal }) {
    const refusedFor = isForced ? undefined : await ofOthers(scene, id);
    if (refusedFor !== undefined) return refusedFor;
    const outcome = await giveBackRequest(scene.store, id, signal);
    return typeof outcome === 'string' ? refusal('request', id, outcome) : done(200, { id, ...outcome });
  },
});

const whoAmI = call({
  method: 'GET',
  path: '/api/v1/who-am-i',
  name: 'whoAmI',
  summary: 'Whether changes are allowed, and by which name they are written down.',
  statuses: { 200: 'The name of the token.' },
  run: (_scene, { who }) => Promise.resolve(done(200, { name: who })),
});

/** Everything that may be changed over the web. */
export const ADMIN_CALLS: readonly AdminCall[] = [
  whoAmI,
  buildImage,
  uploadImage,
  pauseImage,
  unpauseImage,
  deleteBuild,
  deleteUpload,
  holdNode,
  releaseNode,
  deleteNode,
  requestNodes,
  releaseRequest,
];
