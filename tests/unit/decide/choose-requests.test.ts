import {
  isServableElsewhere,
  isWantedByWorse,
  type PoolFact,
  RequestJudge,
  type Situation,
} from '../../../src/decide/choose-requests';
import { declineChange, exceeded, type Offer, reasonToDecline } from '../../../src/decide/request-decline';
import { request } from '../../support/node-facts';

const pool = (changes: Partial<PoolFact> = {}): PoolFact => ({
  id: 'me',
  provider: 'east',
  labels: new Set(['small']),
  priority: 100,
  paused: false,
  ...changes,
});

function situation(changes: Partial<Situation> = {}): Situation {
  return {
    me: pool(),
    pools: [pool()],
    stock: undefined,
    tenantLimits: new Map(),
    tenantUsed: () => ({}),
    needOf: (nodeTypes) => ({ instances: nodeTypes.length }),
    reasonToDecline: () => undefined,
    ...changes,
  };
}

const other = (changes: Partial<PoolFact> = {}) => pool({ id: 'other', provider: 'west', ...changes });

test.each([
  ['alone', request(), situation(), { kind: 'serve' }],
  ['not waiting', request({ state: 'pending' }), situation(), { why: 'not waiting' }],
  [
    'declined before',
    request({ declinedBy: ['me'] }),
    situation({ pools: [pool(), other()] }),
    { why: 'declined before' },
  ],
  [
    'declined by all that are left, the last of which has gone without a word',
    request({ declinedBy: ['me', 'other'] }),
    situation({ pools: [pool(), other()] }),
    { kind: 'decline' },
  ],
  [
    'prefers another provider that can',
    request({ provider: 'west' }),
    situation({ pools: [pool(), other()] }),
    { why: 'preferred provider serves it' },
  ],
  [
    'prefers another provider that has declined',
    request({ provider: 'west', declinedBy: ['other'] }),
    situation({ pools: [pool(), other()] }),
    { kind: 'serve' },
  ],
  [
    'prefers another provider that lacks the label',
    request({ provider: 'west' }),
    situation({ pools: [pool(), other({ labels: new Set() })] }),
    { kind: 'serve' },
  ],
  [
    'a better pool',
    request(),
    situation({ pools: [pool(), other({ priority: 99 })] }),
    { why: 'a pool of better priority serves it' },
  ],
  ['a pool as good', request(), situation({ pools: [pool(), other()] }), { kind: 'serve' }],
  [
    'a better pool that is paused',
    request(),
    situation({ pools: [pool(), other({ priority: 99, paused: true })] }),
    { kind: 'serve' },
  ],
  [
    'prefers us, and a better pool of another provider leaves it to us',
    request({ provider: 'east' }),
    situation({ pools: [pool(), other({ priority: 1 })] }),
    { kind: 'serve' },
  ],
  [
    'prefers us, and a better pool of ours',
    request({ provider: 'east' }),
    situation({ pools: [pool(), other({ priority: 1, provider: 'east' })] }),
    { why: 'a pool of better priority serves it' },
  ],
  [
    'a label that only another pool has',
    request({ nodeTypes: ['small', 'big'] }),
    situation({ pools: [pool(), other({ labels: new Set(['small', 'big']) })] }),
    { why: 'another pool has the labels' },
  ],
  [
    'a label that nobody has',
    request({ nodeTypes: ['big'] }),
    situation({ reasonToDecline: () => 'no' }),
    { kind: 'decline', reason: 'no' },
  ],
  ['no node left', request(), situation({ stock: new Map([['small', 0]]) }), { why: 'no such node left' }],
  ['one node left', request(), situation({ stock: new Map([['small', 1]]) }), { kind: 'serve' }],
  [
    'a tenant at its limit',
    request({ tenantName: 'acme' }),
    situation({ tenantLimits: new Map([['acme', { instances: 2 }]]), tenantUsed: () => ({ instances: 2 }) }),
    { why: 'tenant limit', resource: 'instances' },
  ],
  [
    'a tenant that just fits',
    request({ tenantName: 'acme' }),
    situation({ tenantLimits: new Map([['acme', { instances: 2 }]]), tenantUsed: () => ({ instances: 1 }) }),
    { kind: 'serve' },
  ],
  [
    'a tenant without limits',
    request({ tenantName: 'other' }),
    situation({ tenantLimits: new Map([['acme', { instances: 0 }]]) }),
    { kind: 'serve' },
  ],
  [
    'a tenant with limits while the need is not known',
    request({ tenantName: 'acme' }),
    situation({ tenantLimits: new Map([['acme', { instances: 2 }]]), needOf: () => undefined }),
    { why: 'need of a label is not known yet' },
  ],
  [
    'a tenant above its limit is held back, not declined',
    request({ tenantName: 'acme' }),
    situation({ tenantLimits: new Map([['acme', { instances: 0 }]]), reasonToDecline: () => 'no' }),
    { why: 'tenant limit' },
  ],
])('%s', (_title, record, given, expected) => {
  expect(new RequestJudge(given).judge(record)).toMatchObject(expected);
});

test('two pools with a better and a worse priority never both leave a pinned request to the other', () => {
  const east = pool({ priority: 200 });
  const west = other({ priority: 50 });
  const pinned = request({ provider: 'east' });
  const verdicts = [east, west].map(
    (me) => new RequestJudge(situation({ me, pools: [east, west] })).judge(pinned).kind,
  );
  expect(verdicts).toEqual(['serve', 'skip']);
});

function offer(changes: Partial<Offer> = {}): Offer {
  return {
    maxServers: 2,
    maxConcurrency: -1,
    labels: new Set(['small', 'big']),
    broken: new Set(),
    imageReady: () => true,
    need: () => ({ instances: 1, cores: 4 }),
    poolLimits: { instances: 2 },
    available: { cores: 8 },
    hasQuota: true,
    ...changes,
  };
}

const MACHINES = [
  { labels: ['small'], slots: 2 },
  { labels: ['small', 'big'], slots: 1 },
];
const TOO_FEW = 'there are fewer machines than nodes asked for';

test.each([
  ['it can', ['small'], offer(), undefined],
  ['exactly the limit', ['small', 'small'], offer(), undefined],
  ['one over the pool', ['small', 'small', 'big'], offer({ available: undefined }), 'it would exceed quota'],
  ['one over the provider', ['small', 'small'], offer({ available: { cores: 7 } }), 'it would exceed quota'],
  ['a provider without free capacity', ['small'], offer({ available: { cores: -1 } }), 'it would exceed quota'],
  ['as many as fit into one transaction', new Array<string>(300).fill('small'), offer({ hasQuota: false }), undefined],
  [
    'more than that',
    new Array<string>(301).fill('small'),
    offer({ poolLimits: {} }),
    'more than 300 nodes in one request',
  ],
  ['no servers', ['other'], offer({ maxServers: 0 }), 'pool is disabled by max_servers'],
  ['a negative number', ['small'], offer({ maxServers: -1 }), 'pool is disabled by max_servers'],
  ['no launches', ['small'], offer({ maxConcurrency: 0 }), 'provider is disabled by max-concurrency'],
  ['unknown labels', ['a', 'small', 'b', 'a'], offer(), 'node type(s) [a,b] not available'],
  ['a broken label', ['small'], offer({ broken: new Set(['small']) }), 'node type(s) [small] not available'],
  ['no image', ['small'], offer({ imageReady: () => false }), 'images are not available'],
  ['a driver without quota', ['small', 'big', 'big'], offer({ hasQuota: false }), undefined],
  [
    'as many machines as asked for',
    ['small', 'big', 'small'],
    offer({ machines: MACHINES, hasQuota: false }),
    undefined,
  ],
  ['too few of one label', ['big', 'big'], offer({ machines: MACHINES, hasQuota: false }), TOO_FEW],
  ['too few in all', ['small', 'small', 'small', 'big'], offer({ machines: MACHINES, hasQuota: false }), TOO_FEW],
])('reason to decline: %s', (_title, nodeTypes, given, expected) => {
  expect(reasonToDecline(nodeTypes, given)).toBe(expected);
});

test.each([
  ['it fits', ['small', 'small'], offer(), undefined],
  ['the pool', ['small', 'small', 'big'], offer({ available: { cores: 7 } }), 'instances'],
  ['the provider', ['small', 'small'], offer({ available: { cores: 7 } }), 'cores'],
  ['a driver without quota', ['small', 'big', 'big'], offer({ hasQuota: false }), undefined],
])('the resource that is exceeded: %s', (_title, nodeTypes, given, expected) => {
  expect(exceeded(nodeTypes, given)).toBe(expected);
});

test.each([
  ['others are left', [], ['me', 'other'], { state: 'requested', declinedBy: ['me'] }],
  ['all have declined', ['other'], ['me', 'other'], { state: 'failed', declinedBy: ['other', 'me'] }],
  ['gone ones do not count', ['gone'], ['me'], { state: 'failed', declinedBy: ['gone', 'me'] }],
  ['nobody is there to be asked', [], [], { state: 'requested', declinedBy: ['me'] }],
  ['not named twice', ['me'], ['me', 'other'], { state: 'requested', declinedBy: ['me'] }],
])('declining: %s', (_title, declinedBy, registered, expected) => {
  expect(declineChange(request({ declinedBy, nodes: ['1'] }), 'me', registered)).toEqual({ ...expected, nodes: [] });
});

test.each([
  ['a worse one', {}, other({ priority: 101 }), true],
  ['one as good', {}, other(), false],
  ['a worse one without the label', {}, other({ priority: 101, labels: new Set() }), false],
  ['a worse one that has declined', { declinedBy: ['other'] }, other({ priority: 101 }), false],
  ['a worse one of another provider than the preferred', { provider: 'east' }, other({ priority: 101 }), false],
  ['a worse one of the preferred provider', { provider: 'east' }, other({ priority: 101, provider: 'east' }), true],
])('who waits for a pool that is not paused: %s', (_title, changes, rival, is) => {
  expect(isWantedByWorse(request(changes), 100, [pool(), rival])).toBe(is);
});

test.each([
  ['another provider', {}, other(), true],
  ['another provider, though ours is preferred', { provider: 'east' }, other(), true],
  ['a worse pool of it', {}, other({ priority: 200 }), true],
  ['one that is full', {}, other({ paused: true }), false],
  ['one without the label', {}, other({ labels: new Set() }), false],
  ['one that has declined', { declinedBy: ['other'] }, other(), false],
  ['another pool of ours', {}, other({ provider: 'east' }), false],
])('where else a request could be served: %s', (_title, changes, rival, is) => {
  expect(isServableElsewhere(request(changes), 'east', [pool(), rival])).toBe(is);
});
