import { isIPv6 } from 'node:net';

/** Where others reach a server: by the address it listens at, or by the host's name if it listens at all of them. */
export function publicUrl(listenAddress: string, port: number, hostname: string): string {
  const host = listenAddress === '0.0.0.0' || listenAddress === '::' ? hostname : listenAddress;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
