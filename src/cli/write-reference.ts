import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchemaText } from '../config/json-schema';
import { configReference } from '../config/reference';
import type { DaemonName } from '../daemon/daemon-flags';
import { flagReference } from '../daemon/flag-reference';
import { drivers } from '../drivers/registry';
import { packageVersion } from '../runtime/package-version';
import { commandReference } from './command-reference';
import { daemonManPage } from './daemon-man-page';
import { manPage } from './man-page';

const DAEMONS: readonly DaemonName[] = ['nodepool-launcher', 'nodepool-builder', 'nodepoold'];
const ROOT = join(__dirname, '..', '..');

/** Files that are generated from the schemas, by their path in the repository. `npm run schema` writes them. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const version = packageVersion();
  return new Map([
    ['etc/nodepool.schema.json', configJsonSchemaText(drivers)],
    ['docs/configuration.md', configReference(drivers)],
    ['docs/commands.md', commandReference()],
    ['docs/daemons.md', flagReference()],
    ['docs/man/nodepool.1', manPage(version)],
    ...DAEMONS.map((it): [string, string] => [`docs/man/${it}.1`, daemonManPage(it, version)]),
  ]);
}

if (require.main === module) {
  for (const [file, text] of generatedFiles()) writeFileSync(join(ROOT, file), text);
}
