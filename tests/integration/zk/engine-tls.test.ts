import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '../../../src/runtime/clock';
import { type Logger, silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { TlsOptions } from '../../../src/zk/connect';
import type { Dial } from '../../../src/zk/dial';
import { connectZooKeeper } from '../../../src/zk/engine';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { TestAuthority } from '../../support/certificates';
import { emptyTreeAfterFailure } from '../../support/empty-tree';

describe('TLS', () => {
  const authority = new TestAuthority();
  const stranger = new TestAuthority();
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tls: authority.issue() });
  });
  beforeEach(() => emptyTreeAfterFailure(server));
  afterAll(async () => {
    await server.stop();
    authority.remove();
    stranger.remove();
  });

  const open = (tls: TlsOptions | undefined, log: Logger = silentLogger, dial?: Dial) =>
    connectZooKeeper(
      { hosts: server.tlsHosts, sessionTimeoutMs: 10_000, ...(tls === undefined ? {} : { tls }) },
      { clock: systemClock, random: systemRandom, log, ...(dial === undefined ? {} : { dial }) },
    );

  /** Resolves with the reason of the first link that did not come about. */
  const refusal = (connect: (log: Logger) => ReturnType<typeof open>) =>
    new Promise<string>((resolve, reject) => {
      const zk = connect({
        ...silentLogger,
        warn: (_message, fields) => {
          zk.close().then(() => resolve(String(fields?.['err'] ?? fields?.['reason'])), reject);
        },
      });
      zk.connected().then(
        () => reject(new Error('it connected')),
        () => undefined,
      );
    });

  test('with certificates of one authority works, whatever the names in them', async () => {
    const zk = open(authority.client());
    await zk.connected();
    const data = Buffer.alloc(200_000, 'x');
    await zk.create('/tls', data);
    const all = await Promise.all(Array.from({ length: 50 }, () => zk.get('/tls')));
    expect(all.every((it) => it.data.equals(data))).toBe(true);
    await zk.delete('/tls');
    await zk.close();
    expect(zk.state).toBe('closed');
  });

  test('a server of another authority is refused', async () => {
    const { cert, key } = authority.client();
    expect(await refusal((log) => open({ cert, key, ca: stranger.client().ca }, log))).toMatch(
      /self-signed|certificate/i,
    );
  });

  test('a client certificate of another authority is refused by the server', async () => {
    const { cert, key } = stranger.client();
    expect(await refusal((log) => open({ cert, key, ca: authority.client().ca }, log))).toMatch(
      /alert|closed|ECONNRESET/i,
    );
  });

  test('a client without a certificate is refused by the server', async () => {
    const dial: Dial = (address, onOpen) =>
      connectTls({ ...address, ca: readFileSync(authority.ca), checkServerIdentity: () => undefined }, onOpen);
    expect(await refusal((log) => open(undefined, log, dial))).toMatch(/alert|closed|ECONNRESET/i);
  });

  test('no TLS at all is no connection', async () => {
    expect(await refusal((log) => open(undefined, log))).toMatch(/closed|ECONNRESET|not understood/i);
  });

  test('an unusable PEM is reported at once', () => {
    const { key, ca } = authority.client();
    expect(() => open({ cert: Buffer.from('no certificate'), key, ca })).toThrow();
  });
});
