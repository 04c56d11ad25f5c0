import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageUploadSpec, LaunchSpec, Provider } from '../../src/drivers/driver';
import { destroyed, imageRemoved } from '../../src/drivers/destroyed';
import { DriverError, NoCapacityError, NotFoundError, RefusedError } from '../../src/drivers/errors';
import { systemClock } from '../../src/runtime/clock';
import type { Random } from '../../src/runtime/random';

/** What the suite needs of a driver: a place where it can be tried, and what it can do there. */
export interface DriverHarness {
  /** Another connection to the same provider, as another process would have it. The suite closes it. */
  connect(): Provider;
  /** A launch that works, of the given name. */
  launchSpec(name: string): LaunchSpec;
  /** A launch that the provider will never accept. */
  impossibleSpec(name: string): LaunchSpec;
  /** Instances of `launchSpec` that fit at a time; the next one is refused for capacity. */
  readonly capacity: number;
  /** Contents of a small file that the driver takes as an image, and its format. Absent: takes no images. */
  image?(): { readonly data: Buffer; readonly format: string };
  /** The next such call is carried out, and its reply never arrives. Absent: cannot be arranged. */
  loseNextReply?(call: 'launch' | 'destroy'): Promise<void>;
  close(): Promise<void>;
}

const never = new AbortController().signal;

/** One suite for every driver: the promises of `src/drivers/driver.ts` that builder and launcher lean on. */
export function describeDriver(name: string, open: () => Promise<DriverHarness>, random: Random): void {
  describe(`driver ${name}`, () => {
    let harness: DriverHarness;
    let provider: Provider;
    let connections: Provider[];
    let folder: string;
    const connect = () => {
      const connection = harness.connect();
      connections.push(connection);
      return connection;
    };
    /** Names differ from run to run, so that leftovers of one do not meet another. */
    const run = random.hex(4);
    let number = 0;
    const nextName = () => `np${run}${String((number += 1)).padStart(4, '0')}`;
    const launch = (instance = nextName(), by = provider) => by.launch(harness.launchSpec(instance), never);
    const ours = async () => (await provider.list(never)).filter((it) => it.name.startsWith(`np${run}`));

    beforeAll(async () => {
      harness = await open();
      folder = await mkdtemp(join(tmpdir(), 'nodepool-conformance-'));
    });
    beforeEach(() => {
      connections = [];
      provider = connect();
    });
    afterEach(async () => {
      for (const it of await ours()) await destroyed(provider, it.externalId, systemClock, never);
      await Promise.all(connections.map((it) => it.close()));
    });
    afterAll(async () => {
      await harness.close();
      await rm(folder, { recursive: true, force: true });
    });

    describe('launch', () => {
      test('an instance runs, has an address, and is listed with its metadata', async () => {
        const spec = harness.launchSpec(nextName());
        const started = await provider.launch(spec, never);
        expect(started.name).toBe(spec.name);
        const running = await provider.settled(started.externalId, never);
        expect(running).toMatchObject({ externalId: started.externalId, name: spec.name, state: 'running' });
        expect(running.interfaceIp).toBeTruthy();
        const listed = (await provider.list(never)).find((it) => it.name === spec.name);
        expect(listed).toMatchObject({ externalId: started.externalId, metadata: spec.metadata });
      });

      test('uses what the label needs', async () => {
        const spec = harness.launchSpec(nextName());
        const { resources } = await provider.launch(spec, never);
        expect(resources).toEqual(await provider.need(spec.label, never));
        expect(resources).toMatchObject({ instances: 1 });
      });

      test('the same name twice is one instance', async () => {
        const instance = nextName();
        const first = await launch(instance);
        const again = await launch(instance, connect());
        expect(again.externalId).toEqual(first.externalId);
        expect(await ours()).toHaveLength(1);
      });

      test('the same name from several connections at once is one instance', async () => {
        const instance = nextName();
        const all = await Promise.all([provider, connect(), connect()].map((by) => launch(instance, by)));
        expect(new Set(all.map((it) => JSON.stringify(it.externalId))).size).toBe(1);
        expect(await ours()).toHaveLength(1);
      });

      test('another connection sees it run', async () => {
        const { externalId } = await launch();
        expect((await connect().settled(externalId, never)).state).toBe('running');
      });

      test('outlives the connection that asked for it', async () => {
        const first = connect();
        const { externalId } = await launch(nextName(), first);
        await first.close();
        expect((await provider.settled(externalId, never)).state).toBe('running');
      });

      test('what can never be is refused', async () => {
        await expect(provider.launch(harness.impossibleSpec(nextName()), never)).rejects.toBeInstanceOf(RefusedError);
        expect(await ours()).toEqual([]);
      });

      test('one too many is refused for capacity, and fits when another is gone', async () => {
        const full = await Promise.all(Array.from({ length: harness.capacity }, () => launch()));
        await expect(launch()).rejects.toBeInstanceOf(NoCapacityError);
        await destroyed(provider, full[0]!.externalId, systemClock, never);
        expect((await launch()).name).toContain(run);
      });

      test('a lost reply leaves an instance that the same launch finds', async () => {
        if (harness.loseNextReply === undefined) return expect(harness.loseNextReply).toBeUndefined();
        const instance = nextName();
        await harness.loseNextReply('launch');
        await expect(launch(instance)).rejects.toMatchObject({ code: 'transient' });
        const found = await launch(instance);
        expect((await ours()).map((it) => it.externalId)).toEqual([found.externalId]);
      });
    });

    describe('destroy', () => {
      test('ends in "not found", after which it is not listed and does not settle', async () => {
        const { externalId } = await launch();
        await destroyed(provider, externalId, systemClock, never);
        await expect(provider.destroy(externalId, never)).rejects.toBeInstanceOf(NotFoundError);
        await expect(provider.settled(externalId, never)).rejects.toBeInstanceOf(NotFoundError);
        expect(await ours()).toEqual([]);
      });

      test('may be asked for by several at once', async () => {
        const { externalId } = await launch();
        const other = connect();
        await Promise.all([provider, other].map((by) => destroyed(by, externalId, systemClock, never)));
        expect(await ours()).toEqual([]);
      });

      test('of what never was is "not found"', async () => {
        const { externalId } = await launch();
        await destroyed(provider, externalId, systemClock, never);
        const unknown = typeof externalId === 'string' ? externalId.replace(/./g, '0') : externalId;
        await expect(provider.destroy(unknown, never)).rejects.toBeInstanceOf(NotFoundError);
      });

      test('reaches an instance that does not run yet', async () => {
        const { externalId } = await launch();
        const settled = provider.settled(externalId, never).catch((error: unknown) => error);
        await destroyed(connect(), externalId, systemClock, never);
        const outcome = await settled;
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(DriverError);
        else expect(outcome).toMatchObject({ state: 'running' });
      });

      test('a lost reply does no harm', async () => {
        if (harness.loseNextReply === undefined) return expect(harness.loseNextReply).toBeUndefined();
        const { externalId } = await launch();
        await harness.loseNextReply('destroy');
        await expect(provider.destroy(externalId, never)).rejects.toMatchObject({ code: 'transient' });
        await destroyed(provider, externalId, systemClock, never);
        expect(await ours()).toEqual([]);
      });
    });

    describe('questions', () => {
      test('limits are numbers, and a node of the label fits into them', async () => {
        const { limits } = await provider.quota(never);
        const need = await provider.need(harness.launchSpec('np0').label, never);
        for (const [key, limit] of Object.entries(limits)) expect(limit).toBeGreaterThanOrEqual(need[key] ?? 0);
      });

      test('zones are names', async () => {
        for (const it of await provider.zones(never)) expect(it).toEqual(expect.stringMatching(/./));
      });

      test('the console log is text, of a thing that exists', async () => {
        if (provider.consoleLog === undefined) return expect(provider.consoleLog).toBeUndefined();
        const { externalId } = await launch();
        await provider.settled(externalId, never);
        expect(typeof (await provider.consoleLog(externalId, never))).toBe('string');
        await destroyed(provider, externalId, systemClock, never);
        await expect(provider.consoleLog(externalId, never)).rejects.toBeInstanceOf(NotFoundError);
      });
    });

    describe('images', () => {
      const upload = async (changes: Partial<ImageUploadSpec> = {}): Promise<ImageUploadSpec> => {
        const { data, format } = harness.image!();
        const file = join(folder, `image-${nextName()}.${format}`);
        await writeFile(file, data);
        const sha256 = createHash('sha256').update(data).digest('hex');
        const metadata = {
          nodepool_build_id: random.hex(16),
          nodepool_upload_id: '0000000001',
          nodepool_provider_name: provider.name,
        };
        return { name: `image-${run}`, metadata, file, format, sha256, image: 'image', ...changes };
      };
      const listed = async (spec: ImageUploadSpec) =>
        (await provider.images!.list(never)).filter(
          (it) => it.metadata['nodepool_build_id'] === spec.metadata['nodepool_build_id'],
        );
      /** As the suite's other optional parts: the driver says that it has none, and that is checked. */
      const ifImages = (title: string, body: () => Promise<void>) =>
        test(title, async () => {
          if (harness.image === undefined) expect(provider.images).toBeUndefined();
          else await body();
        });

      ifImages('an upload reports progress, is listed with its metadata, and can be removed', async () => {
        const spec = await upload();
        const progress: [number, number][] = [];
        const { externalId } = await provider.images!.upload(spec, (...it) => progress.push(it), never);
        expect(progress.at(-1)![0]).toBe(progress.at(-1)![1]);
        expect(await listed(spec)).toEqual([{ externalId, name: expect.any(String), metadata: spec.metadata }]);
        await imageRemoved(provider.images!, externalId, systemClock, never);
        expect(await listed(spec)).toEqual([]);
      });

      ifImages('another connection sees an upload', async () => {
        const spec = await upload();
        const { externalId } = await provider.images!.upload(spec, () => undefined, never);
        expect((await connect().images!.list(never)).map((it) => it.externalId)).toContain(externalId);
        await imageRemoved(provider.images!, externalId, systemClock, never);
      });

      ifImages('data that do not match their checksum are refused and leave nothing', async () => {
        const spec = await upload({ sha256: createHash('sha256').update('something else').digest('hex') });
        await expect(provider.images!.upload(spec, () => undefined, never)).rejects.toBeInstanceOf(DriverError);
        expect(await listed(spec)).toEqual([]);
      });

      ifImages('a file that is not there is an error of the driver and leaves nothing', async () => {
        const spec = await upload({ file: join(folder, 'no-such-file') });
        await expect(provider.images!.upload(spec, () => undefined, never)).rejects.toBeInstanceOf(DriverError);
        expect(await listed(spec)).toEqual([]);
      });

      ifImages('an aborted upload rejects with the reason and leaves nothing', async () => {
        const spec = await upload();
        const abort = new AbortController();
        const reason = new Error('changed our mind');
        const uploading = provider.images!.upload(spec, () => abort.abort(reason), abort.signal);
        await expect(uploading).rejects.toBe(reason);
        expect(await listed(spec)).toEqual([]);
      });

      ifImages('removing what never was is "not found"', async () => {
        const spec = await upload();
        const { externalId } = await provider.images!.upload(spec, () => undefined, never);
        await imageRemoved(provider.images!, externalId, systemClock, never);
        await expect(provider.images!.remove(externalId, never)).rejects.toBeInstanceOf(NotFoundError);
      });
    });

    describe('signals', () => {
      test('a call with an aborted signal rejects with its reason and does nothing', async () => {
        const reason = new Error('stop');
        const stopped = AbortSignal.abort(reason);
        const spec = harness.launchSpec(nextName());
        await expect(provider.launch(spec, stopped)).rejects.toBe(reason);
        await expect(provider.list(stopped)).rejects.toBe(reason);
        expect(await ours()).toEqual([]);
      });

      test('a wait ends when its signal aborts', async () => {
        const { externalId } = await launch();
        const abort = new AbortController();
        const reason = new Error('stop');
        const waiting = provider.settled(externalId, abort.signal).catch((error: unknown) => error);
        abort.abort(reason);
        const outcome = await waiting;
        if (outcome instanceof Error) expect(outcome).toBe(reason);
        else expect(outcome).toMatchObject({ state: 'running' });
      });

      test('closing ends calls in progress; the instance lives on', async () => {
        const { externalId } = await launch();
        const other = connect();
        const waiting = other.settled(externalId, never).catch((error: unknown) => error);
        await other.close();
        const outcome = await waiting;
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(DriverError);
        expect((await provider.settled(externalId, never)).state).toBe('running');
      });
    });
  });
}
