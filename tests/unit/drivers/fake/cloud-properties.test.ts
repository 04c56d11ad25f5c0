import { fc } from '../../../support/property';
import { type Call, Cloud } from '../../../../src/drivers/fake/cloud';
import { addUsage, NO_USAGE, type ServerRecord, type ServerView, type Usage } from '../../../../src/drivers/fake/model';
import type { Change } from '../../../../src/drivers/fake/tables';
import { seededRandom } from '../../../../src/runtime/random';

type Step =
  | { readonly do: 'create'; readonly name: number; readonly tenant: number; readonly account: number }
  | { readonly do: 'delete'; readonly index: number }
  | { readonly do: 'wait'; readonly ms: number };

const LIMITS = { instances: 5, cores: 14, ram: 1_000_000, volumes: 100, 'volume-gb': 1000 };
const FLAVORS = [
  { id: 'small', name: 'small', ram: 1024, vcpus: 1 },
  { id: 'big', name: 'big', ram: 4096, vcpus: 4 },
];
const LAG_MS = 700;
const options = {
  limits: LIMITS,
  flavors: FLAVORS,
  'boot-time': { uniform: [0, 1] },
  'delete-time': { exponential: 0.5, max: 3 },
  'list-lag': { uniform: [0, LAG_MS / 1000] },
  'peak-keys': ['tenant_name'],
};

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      name: fc.nat(12),
      tenant: fc.nat(2),
      account: fc.nat(1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), index: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(2000) }) },
);
const script = fc.record({ seed: fc.nat(), steps: fc.array(step, { maxLength: 80 }) });

/** A cloud under a clock of its own, and what it told of its changes. */
class Rig {
  now = 1_000_000;
  readonly changes: Change[] = [];
  readonly cloud: Cloud;
  readonly ids: { account: string; id: string }[] = [];

  constructor(seed: number) {
    const clock = { wall: () => this.now };
    this.cloud = new Cloud({
      clock,
      random: seededRandom(seed),
      onChange: (it) => this.changes.push(structuredClone(it)),
    });
    for (const it of ['a', 'b']) this.cloud.configure(it, options);
  }

  run(it: Step): void {
    if (it.do === 'wait') this.now += it.ms;
    else if (it.do === 'create') this.#create(it);
    else this.#delete(it.index);
  }

  ask(account: string, operation: Call['operation']): unknown {
    return this.cloud.peek({ account, operation }).body;
  }

  #create({ name, tenant, account }: Extract<Step, { do: 'create' }>): void {
    const where = account === 0 ? 'a' : 'b';
    const flavor = FLAVORS[name % 2]!.id;
    const metadata = { tenant_name: `t${tenant}` };
    const body = { name: `np${name}`, flavor, image: 'fake-image-id', metadata, once: true };
    const reply = this.cloud.perform({ account: where, operation: 'create-server', body });
    if (reply.status === 201) this.ids.push({ account: where, id: (reply.body as unknown as ServerView).id });
  }

  #delete(index: number): void {
    const target = this.ids[index % Math.max(1, this.ids.length)];
    if (target !== undefined) this.cloud.perform({ ...target, operation: 'delete-server' });
  }

  /** The latest record of each server ever made. */
  rows(account: string): ServerRecord[] {
    const rows = new Map<string, ServerRecord>();
    for (const it of this.changes) {
      if (it.account === account && it.table === 'servers' && it.row !== null) rows.set(it.key, it.row as ServerRecord);
    }
    return [...rows.values()];
  }

  /** What exists now by asking for each server ever made. */
  existing(account: string): ServerView[] {
    return this.ids
      .filter((it) => it.account === account)
      .map((it) => this.cloud.peek({ ...it, operation: 'show-server' }))
      .filter((it) => it.status === 200)
      .map((it) => it.body as unknown as ServerView);
  }
}

const sum = (servers: readonly ServerView[]): Usage =>
  servers.reduce(
    (all, { flavor }) => addUsage(all, { ...NO_USAGE, instances: 1, cores: flavor.vcpus, ram: flavor.ram }),
    NO_USAGE,
  );

function forEachStep(check: (rig: Rig) => void): void {
  fc.assert(
    fc.property(script, ({ seed, steps }) => {
      const rig = new Rig(seed);
      for (const it of steps) {
        rig.run(it);
        check(rig);
      }
    }),
  );
}

test('usage is the sum of the servers that exist, and never over a limit', () => {
  forEachStep((rig) => {
    for (const account of ['a', 'b']) {
      const { usage } = rig.ask(account, 'limits') as { usage: Usage };
      expect(usage).toEqual(sum(rig.existing(account)));
      for (const key of ['instances', 'cores', 'ram'] as const) expect(usage[key]).toBeLessThanOrEqual(LIMITS[key]);
    }
  });
});

test('peaks only rise, and are never below usage nor over a limit', () => {
  let before: Record<string, Usage> = {};
  let cloud: Cloud | undefined;
  forEachStep((rig) => {
    if (rig.cloud !== cloud) before = {};
    cloud = rig.cloud;
    const peaks = rig.cloud.inspect().peaks as unknown as Record<string, Usage>;
    for (const [scope, peak] of Object.entries(before)) {
      for (const key of ['instances', 'cores', 'ram'] as const)
        expect(peaks[scope]![key]).toBeGreaterThanOrEqual(peak[key]);
    }
    for (const account of ['a', 'b']) {
      const { usage } = rig.ask(account, 'limits') as { usage: Usage };
      const peak = peaks[`account:${account}`] ?? NO_USAGE;
      expect(peak.instances).toBeGreaterThanOrEqual(usage.instances);
      expect(peak.instances).toBeLessThanOrEqual(LIMITS.instances);
      expect(peak.cores).toBeLessThanOrEqual(LIMITS.cores);
    }
    before = structuredClone(peaks);
  });
});

test('the peak of a tenant over two accounts is the highest sum there was', () => {
  fc.assert(
    fc.property(script, ({ seed, steps }) => {
      const rig = new Rig(seed);
      const highest = new Map<string, number>();
      for (const it of steps) {
        rig.run(it);
        const all = [...rig.existing('a'), ...rig.existing('b')];
        for (const tenant of new Set(all.map((server) => server.metadata['tenant_name']!))) {
          const now = all.filter((server) => server.metadata['tenant_name'] === tenant).length;
          highest.set(tenant, Math.max(highest.get(tenant) ?? 0, now));
        }
      }
      const peaks = rig.cloud.inspect().peaks as unknown as Record<string, Usage>;
      for (const [tenant, count] of highest) expect(peaks[`tenant_name=${tenant}`]!.instances).toBe(count);
    }),
  );
});

test('a list shows what exists for longer than the lag, and nothing that ended longer ago', () => {
  forEachStep((rig) => {
    for (const account of ['a', 'b']) {
      const listed = new Set((rig.ask(account, 'list-servers') as ServerView[]).map((it) => it.id));
      for (const { id, createdAt, goneAt } of rig.rows(account)) {
        const exists = goneAt === null || rig.now < goneAt;
        if (exists && createdAt + LAG_MS <= rig.now) expect(listed).toContain(id);
        if (!exists && goneAt + LAG_MS <= rig.now) expect(listed).not.toContain(id);
      }
    }
  });
});

test('the changes told make the same cloud again, and so does a snapshot', () => {
  fc.assert(
    fc.property(script, ({ seed, steps }) => {
      const rig = new Rig(seed);
      for (const it of steps) rig.run(it);
      const look = (cloud: Cloud) =>
        ['a', 'b'].map((account) =>
          (['list-servers', 'limits', 'list-images', 'list-ports'] as const).map((operation) =>
            cloud.peek({ account, operation }),
          ),
        );
      const expected = look(rig.cloud);
      for (const changes of [rig.changes, [...rig.cloud.snapshot()]]) {
        const copy = new Cloud({ clock: { wall: () => rig.now }, random: seededRandom(9) });
        for (const it of changes) copy.restore(structuredClone(it));
        expect(look(copy)).toEqual(expected);
        expect(copy.inspect().peaks).toEqual(rig.cloud.inspect().peaks);
      }
    }),
  );
});

test('the same calls with the same seed have the same outcome', () => {
  fc.assert(
    fc.property(script, ({ seed, steps }) => {
      const [one, other] = [new Rig(seed), new Rig(seed)];
      for (const it of steps) {
        one.run(it);
        other.run(it);
      }
      expect(other.changes).toEqual(one.changes);
    }),
  );
});
