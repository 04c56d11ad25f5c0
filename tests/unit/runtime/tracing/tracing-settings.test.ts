import { samplingOf, TracingSetupError, tracesUrl } from '../../../../src/runtime/tracing/tracing-settings';

test.each([
  [{}, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp/' }, 'https://c/otlp/v1/traces'],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/mine' }, 'http://c/mine'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'TRUE' }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }, undefined],
])('%j: traces go to %s', (env, url) => {
  expect(tracesUrl(env)).toBe(url);
});

test.each(['c:4318', 'grpc://c', 'http://', 'http:///x'])('%s is no address', (url) => {
  expect(() => tracesUrl({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).toThrow(TracingSetupError);
});

test.each([
  [{}, { ratio: 1, followsParent: true }],
  [{ OTEL_TRACES_SAMPLER: 'always_on' }, { ratio: 1, followsParent: false }],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, { ratio: 0, followsParent: true }],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
    { ratio: 0.25, followsParent: false },
  ],
])('%j samples %j', (env, sampling) => {
  expect(samplingOf(env)).toEqual(sampling);
});

test.each([
  { OTEL_TRACES_SAMPLER: 'sometimes' },
  { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
  { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: 'x' },
])('%j is refused', (env) => {
  expect(() => samplingOf(env)).toThrow(TracingSetupError);
});
