import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fc } from '../../../support/property';
import { canBind, freePort } from '../../../../src/drivers/qemu/ports';
import { seededRandom } from '../../../../src/runtime/random';

test('a free port is one of the range, neither taken nor bound; there is one as long as one is left', async () => {
  const ports = fc.uniqueArray(fc.integer({ min: 100, max: 109 }));
  await fc.assert(
    fc.asyncProperty(ports, ports, fc.integer(), async (taken, bound, seed) => {
      const bindable = (port: number) => Promise.resolve(!bound.includes(port));
      const port = await freePort([100, 109], new Set(taken), bindable, seededRandom(seed));
      const left = [...Array(10).keys()]
        .map((it) => 100 + it)
        .filter((it) => !taken.includes(it) && !bound.includes(it));
      if (left.length === 0) expect(port).toBeUndefined();
      else expect(left).toContain(port);
    }),
  );
});

test('a port that somebody listens on cannot be bound, and can again afterwards', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await canBind('127.0.0.1', port)).toBe(false);
  server.close();
  await once(server, 'close');
  expect(await canBind('127.0.0.1', port)).toBe(true);
});
