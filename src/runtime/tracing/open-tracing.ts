import { hostname } from 'node:os';
import type { Clock } from '../clock';
import type { Logger } from '../log';
import { apiTracing } from './api-tracing';
import { ToldExporter } from './told-exporter';
import { noTracing, type Tracing } from './tracing';
import { samplingOf, TracingSetupError, tracesUrl } from './tracing-settings';

export interface OpenTracing extends Tracing {
  /** Sends what is left, for a moment. */
  close(): Promise<void>;
}

export interface TracedProgram {
  /** `nodepool-launcher`. */
  readonly service: string;
  readonly version: string | null;
}

type Env = Readonly<Record<string, string | undefined>>;

/** How long the end of a program waits for a collector. */
const CLOSE_MS = 3_000;

/**
 * As the environment says (docs/tracing.md). Without an endpoint of OTLP nothing is traced, and nothing of OpenTelemetry's SDK is
 * loaded. A wrong setting is said in the log and left out; traces stop no program.
 */
export async function openTracing(
  program: TracedProgram,
  env: Env,
  tools: { readonly clock: Clock; readonly log: Logger },
): Promise<OpenTracing> {
  const nothing = { ...noTracing, close: () => Promise.resolve() };
  try {
    const url = tracesUrl(env);
    if (url === undefined) return nothing;
    const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/json';
    if (protocol !== 'http/json') tools.log.warn('traces are sent as http/json', { wanted: protocol });
    return await startTracing(url, program, env, tools);
  } catch (error) {
    if (!(error instanceof TracingSetupError)) throw error;
    tools.log.error('nothing is traced', { why: error.message });
    return nothing;
  }
}

async function startTracing(
  url: string,
  { service, version }: TracedProgram,
  env: Env,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<OpenTracing> {
  const sampling = samplingOf(env);
  const [sdk, resources, otlp] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const about = resources.resourceFromAttributes({
    'service.name': service,
    ...(version === null ? {} : { 'service.version': version }),
    'service.instance.id': `${hostname()}:${process.pid}`,
    'host.name': hostname(),
  });
  // What OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say goes before what we know.
  const resource = about.merge(resources.detectResources({ detectors: [resources.envDetector] }));
  const ratio = new sdk.TraceIdRatioBasedSampler(sampling.ratio);
  const provider = new sdk.TracerProvider({
    resource,
    sampler: sampling.followsParent ? new sdk.ParentBasedSampler({ root: ratio }) : ratio,
    spanProcessors: [
      new sdk.BatchSpanProcessor({ exporter: new ToldExporter(new otlp.OTLPTraceExporter({ url }), log) }),
    ],
  });
  log.info('traces are sent', { url: withoutSecrets(url), service: String(resource.attributes['service.name']) });
  return {
    ...apiTracing(clock, provider.getTracer('nodepool', version ?? undefined)),
    close: async () => {
      const enough = new AbortController();
      const ended = provider.shutdown().catch((error: unknown) => log.warn('traces were not sent', { err: error }));
      const patience = clock.sleep(CLOSE_MS, enough.signal).catch(() => undefined); // it has ended
      await Promise.race([ended, patience]);
      enough.abort();
    },
  };
}

function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
