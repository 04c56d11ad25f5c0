import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const pem = (what: string) => `-----BEGIN ${what}-----\nc2VjcmV0\n-----END ${what}-----\n`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodepool-pem-'));
  writeFileSync(join(folder, 'cert.pem'), pem('CERTIFICATE'));
  writeFileSync(join(folder, 'key.pem'), pem('RSA PRIVATE KEY'));
  writeFileSync(join(folder, 'secret.txt'), 'hunter2');
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['cert', 'missing.pem', 'there is no such file'],
  ['key', 'missing.pem', 'there is no such file'],
  ['ca', '.', 'it is a folder'],
  ['ca', 'secret.txt', 'there is no PEM certificate in it'],
  ['key', 'cert.pem', 'there is no PEM private key in it'],
  ['cert', 'key.pem', 'there is no PEM certificate in it'],
] as const)('%s from %s: %s', async (setting, name, why) => {
  const good = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), ca: join(folder, 'cert.pem') };
  const file = join(folder, name);
  const error = await openZooKeeper({ hosts: '127.0.0.1:1', tls: { ...good, [setting]: file } }, tools).then(
    () => undefined,
    (it: Error) => it,
  );
  expect(error).toMatchObject({ name: 'TlsFileError', setting, file });
  expect(error?.message).toBe(`cannot use ${file} as zookeeper-tls ${setting}: ${why}`);
});

test('hosts that mean nothing', async () => {
  await expect(openZooKeeper({ hosts: 'zk:port' }, tools)).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
});
