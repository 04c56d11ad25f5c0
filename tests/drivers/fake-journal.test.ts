import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeCloud } from '../../src/drivers/fake/server';
import { driverTools } from '../support/fake-cloud';

const ACCOUNT = 'fake-east';
let dir: string;
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'nodepool-journal-'))));
afterEach(() => rm(dir, { recursive: true }));

const open = () => {
  const { clock, random, log } = driverTools();
  return startFakeCloud({ clock, random, log, listen: join(dir, 'socket'), stateDir: dir });
};
const lines = async () => (await readFile(join(dir, 'state.jsonl'), 'utf8')).split('\n').length;

test('the file is written anew when most of it is outdated, and loses nothing by it', async () => {
  const server = await open();
  const create = (name: string) => {
    const body = { name, flavor: 'f1', image: 'fake-image-id' };
    return server.cloud.perform({ account: ACCOUNT, operation: 'create-server', body }).body as { id: string };
  };
  const kept = create('kept');
  for (let number = 0; number < 6000; number += 1) {
    server.cloud.perform({ account: ACCOUNT, operation: 'delete-server', id: create(`np${number}`).id });
  }
  expect(await lines()).toBeLessThan(12_000); // three changes for each of 6000
  const before = server.cloud.inspect();
  await server.close();

  const again = await open();
  expect(await lines()).toBeLessThan(20); // opened: only what there is
  expect(again.cloud.peek({ account: ACCOUNT, operation: 'list-servers' }).body).toMatchObject([{ id: kept.id }]);
  expect(again.cloud.inspect()).toMatchObject({ accounts: before.accounts, peaks: before.peaks });
  await again.close();
});
