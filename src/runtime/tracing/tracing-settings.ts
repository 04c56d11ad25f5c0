type Env = Readonly<Record<string, string | undefined>>;

/** A variable says something that cannot be used. */
export class TracingSetupError extends Error {
  override readonly name = 'TracingSetupError';
}

/** Where traces go: the address of OTLP over HTTP, by OpenTelemetry's variables. Undefined: nowhere. */
export function tracesUrl(env: Env): string | undefined {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return undefined;
  if (env['OTEL_TRACES_EXPORTER'] === 'none') return undefined;
  const own = given(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  if (own !== undefined) return checked('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', own);
  const base = given(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  if (base === undefined) return undefined;
  return `${checked('OTEL_EXPORTER_OTLP_ENDPOINT', base).replace(/\/+$/, '')}/v1/traces`;
}

/** How many traces are recorded. */
export interface Sampling {
  /** Of those that begin here, from 0 to 1. */
  readonly ratio: number;
  /** Whether a trace that comes from elsewhere is recorded if it is there. */
  readonly followsParent: boolean;
}

/** By `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`; everything by default. Throws a TracingSetupError. */
export function samplingOf(env: Env): Sampling {
  const name = given(env, 'OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const followsParent = name.startsWith('parentbased_');
  switch (name.replace(/^parentbased_/, '')) {
    case 'always_on':
      return { ratio: 1, followsParent };
    case 'always_off':
      return { ratio: 0, followsParent };
    case 'traceidratio': {
      const ratio = Number(given(env, 'OTEL_TRACES_SAMPLER_ARG') ?? 1);
      if (ratio >= 0 && ratio <= 1) return { ratio, followsParent };
      throw new TracingSetupError('OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1');
    }
    default:
      throw new TracingSetupError(
        `OTEL_TRACES_SAMPLER=${name} is not known; there are always_on, always_off, traceidratio, each also with parentbased_ before it`,
      );
  }
}

function given(env: Env, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function checked(name: string, url: string): string {
  if (/^https?:\/\/[^/]/i.test(url) && URL.canParse(url)) return url;
  throw new TracingSetupError(`${name} is no address that begins with http:// or https://`);
}
