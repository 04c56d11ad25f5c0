import { knownHosts, sshArguments } from '../../../src/cli/ssh-arguments';
import { newNode } from '../../../src/model/node-record';

const KEY = 'ssh-ed25519 AAAAC3Nza';
const node = (change: Partial<ReturnType<typeof newNode>> = {}) =>
  newNode({
    provider: 'p',
    pool: 'm',
    type: ['small'],
    stateTime: 1,
    interfaceIp: '10.0.0.5',
    hostKeys: [KEY],
    ...change,
  });
const WISHES = { insecure: false, command: [] };
const ID = '0000000012';

test('address, port and user are those of the record, and no keys but its own are believed', () => {
  const args = sshArguments(ID, node({ connectionPort: 2222, username: 'ci' }), '/k', WISHES);
  expect(args.join(' ')).toBe(
    '-o UserKnownHostsFile=/k -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o UpdateHostKeys=no ' +
      '-p 2222 -l ci 10.0.0.5',
  );
});

test('what is wished for comes in, the command last', () => {
  const wishes = { insecure: false, user: 'root', identity: 'key', command: ['ls', '-l'] };
  expect(sshArguments(ID, node(), '/k', wishes).slice(-9)).toEqual(
    ['-i', 'key', '-l', 'root', '10.0.0.5', '--', 'ls', '-l'].reduce<string[]>((all, it) => [...all, it], ['22']),
  );
});

test.each([
  [22, `10.0.0.5 ${KEY}\n`],
  [2222, `[10.0.0.5]:2222 ${KEY}\n`],
])('known hosts of port %d', (connectionPort, line) => {
  expect(knownHosts(node({ connectionPort }))).toBe(line);
});

test.each([
  [{ connectionType: 'winrm' }, /not reached by ssh but by winrm/],
  [{ interfaceIp: null }, /has no address yet \(state init\)/],
  [{ connectionPort: { host: 'x' } }, /has no port number/],
  [{ hostKeys: [] }, /no host keys on record.*--insecure/],
])('%j is told why not', (change, message) => {
  expect(() => sshArguments(ID, node(change), '/k', WISHES)).toThrow(message);
});

test('without keys only who says so connects', () => {
  const args = sshArguments(ID, node({ hostKeys: [] }), '/k', { ...WISHES, insecure: true });
  expect(args).toContain('StrictHostKeyChecking=no');
});
