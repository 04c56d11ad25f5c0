import { systemClock } from '../../../src/runtime/clock';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, FAKE_TOOL } from '../../support/builder-farm';
import { OtlpCollector } from '../../support/otlp-collector';

describe('a builder that is traced', () => {
  let server: PrivateServer;
  let farm: BuilderFarm;
  let collector: OtlpCollector;
  beforeEach(async () => {
    [server, collector] = await Promise.all([
      startZooKeeper({ clock: systemClock, fsync: false }),
      OtlpCollector.start(),
    ]);
    farm = await BuilderFarm.open(server);
  });
  afterEach(async () => {
    await farm.close();
    await Promise.all([server.stop(), collector.close()]);
  });

  test('tells of a build and its upload, as parts of one trace, by the time it has ended', async () => {
    farm.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
    farm.env['OTEL_SERVICE_NAME'] = 'builders';
    const diskImages = ['- name: deb', '  formats: [qcow2]', `  dib-cmd: ${FAKE_TOOL}`];
    const builder = await farm.start('one', { diskImages });
    await farm.until((images) => {
      const builds = [...(images.get('deb')?.builds.values() ?? [])];
      const uploads = builds.flatMap((it) => [...it.providers.values()].flatMap((on) => [...on.uploads.values()]));
      return uploads.length > 0 && uploads.every((it) => it.record?.state === 'ready');
    });
    builder.signal('SIGTERM');
    expect(await builder.ended()).toBe(0);
    const build = collector.spans.find((it) => it.name === 'build image')!;
    expect(build).toMatchObject({ service: 'builders', parentSpanId: undefined, hasFailed: false });
    expect(build.attributes).toMatchObject({ 'nodepool.image': 'deb', 'nodepool.reasons': ['missing'] });
    const uploads = collector.spans.filter((it) => it.name === 'upload image');
    expect(uploads.length).toBeGreaterThan(0);
    for (const it of uploads) {
      expect(it).toMatchObject({ traceId: build.traceId, parentSpanId: build.spanId, hasFailed: false });
      expect(it.attributes).toMatchObject({
        'nodepool.image': 'deb',
        'nodepool.external_id': expect.any(String) as string,
      });
      expect(it.start > build.start && it.end > build.end).toBe(true); // it may begin while the build says that it has ended
    }
  });
});
