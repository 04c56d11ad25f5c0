import { existsSync, readFileSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { openRepl, type OpenRepl } from '../../../src/daemon/repl';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';

describe('the console', () => {
  let repl: OpenRepl;
  beforeEach(async () => {
    repl = await openRepl({ port: 0, context: { answer: 42 }, log: silentLogger, random: seededRandom(1) });
  });
  afterEach(() => repl.close());

  /** All that comes back until the other end closes. */
  async function talk(text: string): Promise<string> {
    const socket = connect(repl.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    socket.write(text);
    await once(socket, 'close');
    return heard;
  }

  test('knows what it was given, after the token', async () => {
    expect(statSync(repl.tokenFile).mode & 0o777).toBe(0o600);
    const token = readFileSync(repl.tokenFile, 'utf8');
    expect(await talk(`${token}answer + 1\n.exit\n`)).toBe('token: nodepool> 43\nnodepool> ');
  });

  test.each(['\n', 'wrong\nprocess.exit()\n'])('lets nobody in with %j', async (text) => {
    expect(await talk(text)).toBe('token: no\n');
  });

  test('takes its token along', async () => {
    await repl.close();
    expect(existsSync(repl.tokenFile)).toBe(false);
  });
});
