import { type Document, listAt } from './document';
import { readSection } from './read-section';
import { zooKeeperServerSection, zooKeeperTlsSection, type ZooKeeperServerSection } from './schema';
import { FATAL, mapping, ONLY_LOAD, REMARK, text, textMap } from './schema-atoms';
import { asList, asMap } from './section';
import type { DiskImageConfig, ZooKeeperConfig } from './types';
import { chrootRemark, zooKeeperHosts } from './zookeeper-hosts';

/** An image's entry in the secure file; both keys are needed (config.md 12). */
const secretImageSection = mapping({ name: text(), 'env-vars': textMap() });

/** Where ZooKeeper is: the secure file's servers replace the main file's, and so do its certificates. */
export function readZooKeeper(main: Document, secrets: Document | undefined): Pick<ZooKeeperConfig, 'hosts' | 'tls'> {
  const ours = readServers(main);
  const theirs = secrets === undefined ? [] : readServers(secrets);
  const [servers, from] = secrets !== undefined && theirs.length > 0 ? [theirs, secrets] : [ours, main];
  const remark = chrootRemark(servers);
  if (remark !== undefined) from.report({ path: ['zookeeper-servers'], message: remark, ...REMARK });
  const mainTls = readTls(main);
  const secretTls = secrets?.top?.['zookeeper-tls'] === undefined ? undefined : readTls(secrets);
  const tls = secretTls ?? mainTls;
  if (tls === undefined) remarkPorts(from);
  return { hosts: zooKeeperHosts(servers), tls };
}

/** The default was 2181 before 4.0 (config.md 16): a file of that time does not reach its ZooKeeper any more. */
function remarkPorts(document: Document): void {
  asList(document.top?.['zookeeper-servers']).forEach((it, index) => {
    if (asMap(it) === undefined || asMap(it)?.['port'] !== undefined) return;
    const message = 'no port is given and there is no "zookeeper-tls": 2281 is used, the port for TLS';
    const hint = 'before 4.0 the default was 2181: write "port: 2181" if that is where ZooKeeper listens without TLS';
    document.report({ path: ['zookeeper-servers', index], message, hint, ...REMARK });
  });
}

function readServers(document: Document): ZooKeeperServerSection[] {
  return (listAt(document, 'zookeeper-servers') ?? []).flatMap((it, index) => {
    const context = { path: ['zookeeper-servers', index], report: document.report, missing: ONLY_LOAD };
    return readSection(zooKeeperServerSection, it, context) ?? [];
  });
}

/**
 * All three files or none: with some of them the Python programs refuse to start, and so do we rather than connect
 * without a certificate.
 */
function readTls(document: Document): ZooKeeperConfig['tls'] {
  const value = document.top?.['zookeeper-tls'];
  if (value === undefined || value === null) return undefined;
  // The main file's kinds were reported with the rest of its top level.
  const section = readSection(zooKeeperTlsSection, value, { path: ['zookeeper-tls'], report: () => undefined });
  if (section === undefined) {
    document.report({ path: ['zookeeper-tls'], message: 'this is not a mapping', expected: 'a mapping', ...FATAL });
    return undefined;
  }
  const { cert, key, ca } = section;
  if (cert && key && ca) return { cert, key, ca };
  const message = '"cert", "key" and "ca" are all needed to connect';
  document.report({ path: ['zookeeper-tls'], message, ...ONLY_LOAD });
  return undefined;
}

/** Merges the secure file's environments over the images' own. */
export function overlaySecrets(
  images: ReadonlyMap<string, DiskImageConfig>,
  secrets: Document | undefined,
): Map<string, DiskImageConfig> {
  const merged = new Map(images);
  if (secrets === undefined) return merged;
  for (const key of Object.keys(secrets.top ?? {})) {
    if (['zookeeper-servers', 'zookeeper-tls', 'diskimages'].includes(key)) continue;
    secrets.report({ path: [key], message: `key "${key}" is not used in a secure file`, ...REMARK });
  }
  (listAt(secrets, 'diskimages') ?? []).forEach((it, index) => {
    const path = ['diskimages', index];
    const section = readSection(secretImageSection, it, { path, report: secrets.report });
    if (section === undefined) return;
    const image = merged.get(section.name);
    if (image === undefined) {
      const message = `diskimage "${section.name}" of the secure file is not defined in the main file`;
      secrets.report({ path: [...path, 'name'], message, ...FATAL });
      return;
    }
    merged.set(image.name, { ...image, envVars: { ...image.envVars, ...section['env-vars'] } });
  });
  return merged;
}
