import type { z } from 'zod';
import type { Resources } from '../model/records';
import { checkFormats, checkReferences, type KnownNames, type ProviderEntry } from './cross-checks';
import { listAt, readDocument, type Document, type Environment } from './document';
import type { Problem } from './problem';
import { readSection } from './read-section';
import { repeatedMachines } from './repeated-machines';
import { resolveDiskImages, type DiskImageEntry } from './resolve-diskimages';
import { driverOf, resolveProvider } from './resolve-providers';
import {
  diskImageSection,
  FOREIGN_DRIVERS,
  foreignProviderSection,
  labelSection,
  tenantLimitSection,
  topLevel,
  type webappSection,
} from './schema';
import { FATAL, ONLY_LOAD, REMARK } from './schema-atoms';
import { overlaySecrets, readZooKeeper } from './secure';
import { asMap, type Section } from './section';
import type { Config, DiskImageConfig, LabelConfig, ProviderConfig, WebappConfig } from './types';

/** What the configuration has to know about a driver; `drivers/registry.ts` has it. */
export interface DriverSchema {
  readonly schema: z.ZodType;
  readonly managesImages: boolean;
}
export type DriverSchemas = ReadonlyMap<string, DriverSchema>;

export interface NamedText {
  readonly file: string;
  readonly text: string;
}

export interface ParsedConfig {
  /** Undefined if one of the problems is an error at load. */
  readonly config: Config | undefined;
  readonly problems: readonly Problem[];
}

/**
 * The configuration that two texts describe, and everything there is to say about them, most of it warnings. What Python
 * loads is loaded, what it refuses to load is refused (config.md 1 to 12).
 */
export function parseConfig(
  main: NamedText,
  secure: NamedText | undefined,
  env: Environment,
  schemas: DriverSchemas,
): ParsedConfig {
  const problems: Problem[] = [];
  const document = readDocument(main.file, main.text, env, problems);
  const secrets = secure === undefined ? undefined : readDocument(secure.file, secure.text, env, problems);
  if (document.top === undefined) {
    if (problems.length === 0) document.report({ path: [], message: 'the file is empty', ...FATAL });
    return { config: undefined, problems };
  }
  const config = assemble(document, secrets, schemas);
  const failed = config === undefined || problems.some((it) => it.atLoad === 'error');
  return { config: failed ? undefined : config, problems: inFileOrder(problems, main.file) };
}

function assemble(document: Document, secrets: Document | undefined, schemas: DriverSchemas): Config | undefined {
  const lists = ['zookeeper-servers', 'diskimages', 'labels', 'providers', 'tenant-resource-limits'];
  const plain = Object.fromEntries(Object.entries(document.top ?? {}).filter(([key]) => !lists.includes(key)));
  const top = readSection(topLevel, plain, { path: [], report: document.report });
  remarkTimeout(document);
  const zookeeper = readZooKeeper(document, secrets);
  const entries = diskImageEntries(document);
  const images = resolveDiskImages(entries ?? [], document.report);
  const diskImages = overlaySecrets(images, secrets);
  const labels = readLabels(document);
  const providers = readProviders(document, schemas, {
    labels: labels === undefined ? undefined : new Set(labels.keys()),
    diskImages: entries === undefined ? undefined : diskImages,
    diskImageNames: new Set(entries?.map((it) => it.section.name)),
  });
  for (const it of checkFormats(entries ?? [], diskImages, providers)) document.report(it);
  const tenantLimits = readTenantLimits(document);
  if (top === undefined) return undefined;
  const holdAge = top['max-hold-age'];
  return {
    zookeeper: { ...zookeeper, timeout: top['zookeeper-timeout'] },
    webapp: webappConfig(top.webapp),
    elementsDir: top['elements-dir'],
    imagesDir: top['images-dir'],
    buildLogDir: top['build-log-dir'],
    buildLogRetention: top['build-log-retention'],
    maxHoldAge: holdAge > 0 ? holdAge : Infinity,
    diskImages,
    labels: withPools(labels ?? new Map(), providers),
    providers,
    tenantLimits,
    ...(top.cron?.['image-update'] === undefined ? {} : { imageUpdateCron: top.cron['image-update'] }),
    ...(top['installation-id'] === undefined ? {} : { installationId: top['installation-id'] }),
  };
}

function webappConfig(section: z.infer<typeof webappSection>): WebappConfig {
  const { builder_port: builderPort, cors_origin: corsOrigin, admin_token_file: adminTokenFile } = section;
  return {
    port: section.port,
    listenAddress: section.listen_address,
    ...(builderPort === undefined ? {} : { builderPort }),
    ...(corsOrigin === undefined ? {} : { corsOrigins: typeof corsOrigin === 'string' ? [corsOrigin] : corsOrigin }),
    ...(adminTokenFile === undefined ? {} : { adminTokenFile }),
  };
}

/** Python's validator wants a float here, the only place where it does; loading does not care (config.md 3). */
function remarkTimeout(document: Document): void {
  if (!Number.isInteger(document.top?.['zookeeper-timeout'])) return;
  const message = "a whole number works, but Python's config-validate rejects it";
  document.report({ path: ['zookeeper-timeout'], message, hint: 'write 10.0 instead of 10', ...REMARK });
}

function diskImageEntries(document: Document): DiskImageEntry[] | undefined {
  return listAt(document, 'diskimages')?.flatMap((it, index) => {
    const path = ['diskimages', index];
    const section = readSection(diskImageSection, it, { path, report: document.report });
    return section === undefined ? [] : [{ index, section }];
  });
}

function readLabels(document: Document): Map<string, LabelConfig> | undefined {
  const list = listAt(document, 'labels');
  if (list === undefined) return undefined;
  const labels = new Map<string, LabelConfig>();
  list.forEach((it, index) => {
    const context = { path: ['labels', index], report: document.report, missing: ONLY_LOAD };
    const section = readSection(labelSection, it, context);
    if (section === undefined) return;
    const { name, 'min-ready': minReady, 'max-ready-age': maxReadyAge } = section;
    if (labels.has(name)) {
      const message = `label "${name}" is defined twice; the last definition counts`;
      document.report({ path: ['labels', index, 'name'], message, ...REMARK });
    }
    labels.set(name, { name, minReady, maxReadyAge, pools: [] });
  });
  return labels;
}

function withPools(
  labels: ReadonlyMap<string, LabelConfig>,
  providers: ReadonlyMap<string, ProviderConfig>,
): Map<string, LabelConfig> {
  const pools = [...providers.values()].flatMap((it) => [...it.pools.values()]);
  const offering = (label: string) =>
    pools.filter((it) => it.labels.has(label)).map((it) => ({ provider: it.provider, pool: it.name }));
  return new Map([...labels].map(([name, it]) => [name, { ...it, pools: offering(name) }]));
}

function readProviders(document: Document, schemas: DriverSchemas, known: KnownNames): Map<string, ProviderConfig> {
  const providers = new Map<string, ProviderConfig>();
  const entries: ProviderEntry[] = [];
  (listAt(document, 'providers') ?? []).forEach((it, index) => {
    const entry = readProvider(document, it, index, schemas);
    if (entry === undefined) return;
    entries.push(entry);
    for (const finding of checkReferences(entry, known)) document.report(finding);
    const provider = resolveProvider(
      entry.section,
      entry.driver,
      known.diskImages ?? new Map<string, DiskImageConfig>(),
    );
    if (providers.has(provider.name)) {
      const message = `provider "${provider.name}" is defined twice; the last definition counts`;
      document.report({ path: ['providers', index, 'name'], message, ...REMARK });
    }
    providers.set(provider.name, provider);
  });
  for (const it of repeatedMachines(entries, document.locate)) document.report(it);
  return providers;
}

function readProvider(
  document: Document,
  value: unknown,
  index: number,
  schemas: DriverSchemas,
): ProviderEntry | undefined {
  const path = ['providers', index];
  const raw = asMap(value);
  if (raw === undefined) {
    document.report({ path, message: 'this is not a mapping', expected: 'a mapping', ...FATAL });
    return undefined;
  }
  const driver = driverOf(raw);
  const schema = schemas.get(driver)?.schema;
  if (schema === undefined && !FOREIGN_DRIVERS.includes(driver)) {
    const message = `there is no driver "${driver}"`;
    const expected = `one of ${[...schemas.keys(), ...FOREIGN_DRIVERS].sort().join(', ')}`;
    document.report({ path: [...path, 'driver'], message, expected, ...FATAL });
    return undefined;
  }
  if (schema === undefined) {
    const message = `this release has no driver "${driver}": the provider is loaded but not run`;
    document.report({ path: [...path, 'driver'], message, ...REMARK });
  }
  const section = readSection(schema ?? foreignProviderSection, raw, { path, report: document.report });
  return section === undefined ? undefined : { index, driver, section: section as Section };
}

function readTenantLimits(document: Document): Map<string, Resources> {
  const renamed: Readonly<Record<string, string>> = {
    'max-servers': 'instances',
    'max-cores': 'cores',
    'max-ram': 'ram',
    'max-volumes': 'volumes',
    'max-volume-gb': 'volume-gb',
  };
  const limits = new Map<string, Resources>();
  (listAt(document, 'tenant-resource-limits') ?? []).forEach((it, index) => {
    const context = { path: ['tenant-resource-limits', index], report: document.report, missing: ONLY_LOAD };
    const section = readSection(tenantLimitSection, it, context);
    if (section === undefined) return;
    const { 'tenant-name': tenant, ...amounts } = section;
    const known = Object.entries(amounts).filter((pair): pair is [string, number] => pair[1] !== undefined);
    limits.set(tenant, Object.fromEntries(known.map(([key, amount]) => [renamed[key] ?? key, amount])));
  });
  return limits;
}

/** The main file's first, each from top to bottom. */
function inFileOrder(problems: readonly Problem[], main: string): Problem[] {
  const order = (it: Problem) => it.line ?? 0;
  const files = new Set([main, ...problems.map((it) => it.file)]);
  return [...files].flatMap((file) => problems.filter((it) => it.file === file).sort((a, b) => order(a) - order(b)));
}
