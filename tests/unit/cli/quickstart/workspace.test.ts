import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeWorkspace, removeWorkspace } from '../../../../src/cli/quickstart/workspace';

describe('the folder of a quickstart', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'nodepool-workspace-test-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const make = () => makeWorkspace({ XDG_CACHE_HOME: home });

  test.each([
    ['ended well', 'a log', false, undefined],
    ['failed before anything was logged', undefined, true, undefined],
    ['failed', 'a log', true, ['logs']],
  ])('of a run that %s', async (_title, log, keepLogs, left) => {
    const workspace = await make();
    if (log !== undefined) writeFileSync(join(workspace.buildLogs, 'tiny.log'), log);
    await removeWorkspace(workspace, keepLogs);
    expect(existsSync(workspace.folder) ? readdirSync(workspace.folder) : undefined).toEqual(left);
    rmSync(workspace.folder, { recursive: true, force: true });
  });
});
