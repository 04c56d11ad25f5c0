import type { UdpTarget } from './udp-sender';

/**
 * Where the environment wants metrics sent (metrics.md 1): nowhere unless one of the two variables is set, which then makes
 * up for the other. Throws a RangeError for what is no port.
 */
export function statsdTarget(env: Readonly<Record<string, string | undefined>>): UdpTarget | undefined {
  const host = env['STATSD_HOST'] ?? '';
  const port = env['STATSD_PORT'] ?? '';
  if (host === '' && port === '') return undefined;
  const number = port === '' ? 8125 : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new RangeError(`STATSD_PORT is not a port number: ${port.slice(0, 40)}`);
  }
  return { host: host === '' ? 'localhost' : host, port: number };
}
