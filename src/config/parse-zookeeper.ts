import { readDocument, type Environment } from './document';
import type { NamedText } from './parse';
import type { Problem } from './problem';
import { readSection } from './read-section';
import { topLevel } from './schema';
import { FATAL } from './schema-atoms';
import { readZooKeeper } from './secure';
import type { ZooKeeperConfig } from './types';

/**
 * Only where ZooKeeper is. For commands that look at the tree: they work, and start fast, whatever the rest of the file
 * says. `zookeeper` is undefined if one of the problems is an error at load.
 */
export function parseZooKeeper(
  main: NamedText,
  secure: NamedText | undefined,
  env: Environment,
): { readonly zookeeper: ZooKeeperConfig | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const document = readDocument(main.file, main.text, env, problems);
  const secrets = secure === undefined ? undefined : readDocument(secure.file, secure.text, env, problems);
  if (document.top === undefined && problems.length === 0) {
    document.report({ path: [], message: 'the file is empty', ...FATAL });
  }
  const settings = { 'zookeeper-timeout': document.top?.['zookeeper-timeout'] ?? 10 };
  const top = readSection(topLevel, settings, { path: [], report: document.report });
  const zookeeper = { ...readZooKeeper(document, secrets), timeout: top?.['zookeeper-timeout'] ?? 10 };
  return { zookeeper: problems.some((it) => it.atLoad === 'error') ? undefined : zookeeper, problems };
}
