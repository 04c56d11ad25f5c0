import { existsSync, readFileSync } from 'node:fs';
import { connect as connectPlain, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, rootCertificates } from 'node:tls';
import type { TlsOptions } from './connect';
import type { ServerAddress } from './host-string';

/** Opens a connection and calls `onOpen` when bytes may be sent. Failures are the stream's 'error' and 'close'. */
export type Dial = (server: ServerAddress, onOpen: () => void) => Duplex;

export const dialPlain: Dial = (server, onOpen) => connectPlain({ ...server, noDelay: true }, onOpen);

/** Where distributions keep the roots that the machine trusts; Python's client loads the same. */
const SYSTEM_ROOTS = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/**
 * TLS as zk-tree 1: the server's certificate must chain to the given CA or a system root, its host name is not checked,
 * TLS 1.0 is not refused by us. Throws when a PEM text is unusable.
 */
export function dialTls(tls: TlsOptions): Dial {
  const secureContext = createSecureContext({
    cert: tls.cert,
    key: tls.key,
    ca: [tls.ca, ...systemRoots()],
    minVersion: 'TLSv1',
  });
  return (server, onOpen) => {
    const socket = connectTls(
      {
        ...server,
        ...(isIP(server.host) === 0 ? { servername: server.host } : {}),
        secureContext,
        rejectUnauthorized: true,
        checkServerIdentity: () => undefined,
      },
      onOpen,
    );
    socket.setNoDelay(true);
    return socket;
  };
}

function systemRoots(): readonly (string | Buffer)[] {
  const file = SYSTEM_ROOTS.find((it) => existsSync(it));
  return file === undefined ? rootCertificates : [readFileSync(file)];
}
