import { Chroot } from '../../../src/zk/chroot';
import { parseHostString } from '../../../src/zk/host-string';

const at = (host: string, port: number) => ({ host, port });

test.each([
  ['zk1:2281', [at('zk1', 2281)], ''],
  ['zk1', [at('zk1', 2181)], ''],
  ['zk1:2281, zk2:2282', [at('zk1', 2281), at('zk2', 2282)], ''],
  ['zk1:2281,zk2:2281/np', [at('zk1', 2281), at('zk2', 2281)], '/np'],
  ['zk1:2281/np,zk2:2281/np', [at('zk1', 2281)], '/np,zk2:2281/np'],
  ['zk1:2281/', [at('zk1', 2281)], ''],
  ['zk1:2281//a//b/', [at('zk1', 2281)], '/a/b'],
  ['[::1]:2181', [at('::1', 2181)], ''],
  ['[2001:db8::1]', [at('2001:db8::1', 2181)], ''],
  ['[::1]:2181,10.0.0.1:99/x', [at('::1', 2181), at('10.0.0.1', 99)], '/x'],
])('%s', (text, servers, chroot) => {
  expect(parseHostString(text)).toEqual({ servers, chroot });
});

test.each(['', ',', 'zk1,', ':2181', 'zk1:', 'zk1:0', 'zk1:65536', 'zk1:x', '::1', '[::1', 'zk 1', '/np', 'zk1/../x'])(
  '%j is refused',
  (text) => {
    expect(() => parseHostString(text)).toThrow('BAD_ARGUMENTS');
  },
);

describe('a chroot', () => {
  const chroot = new Chroot('/np,zk2:2281/np');

  test.each([
    ['/', '/np,zk2:2281/np'],
    ['/nodepool/nodes', '/np,zk2:2281/np/nodepool/nodes'],
  ])('%s and back', (path, full) => {
    expect(chroot.add(path)).toBe(full);
    expect(chroot.remove(full)).toBe(path);
  });

  test('a sequential path may end with a slash, no other may', () => {
    expect(chroot.addSequential('/a/')).toBe('/np,zk2:2281/np/a/');
    expect(() => chroot.add('/a/')).toThrow('BAD_ARGUMENTS');
  });

  test('an absent one changes nothing', () => {
    expect(new Chroot('').add('/a')).toBe('/a');
    expect(new Chroot('').remove('/a')).toBe('/a');
  });
});
