import type { Json } from '../model/json';
import type { Resources } from '../model/records';

/**
 * The configuration as the programs see it: defaults filled in, parents merged, secure file applied, labels and
 * diskimages resolved. The file's own keys and their meaning are in config.md; the schema in `schema.ts`.
 */
export interface Config {
  readonly zookeeper: ZooKeeperConfig;
  readonly webapp: WebappConfig;
  readonly elementsDir: string | undefined;
  readonly imagesDir: string | undefined;
  /** Undefined: the builder falls back to `/var/log/nodepool/builds`. */
  readonly buildLogDir: string | undefined;
  /** Negative keeps all; 0 acts as 1. */
  readonly buildLogRetention: number;
  /** Seconds; Infinity unless positive. */
  readonly maxHoldAge: number;
  /** Non-abstract images in file order, without those that abstract entries only lend to. */
  readonly diskImages: ReadonlyMap<string, DiskImageConfig>;
  readonly labels: ReadonlyMap<string, LabelConfig>;
  /** In file order. */
  readonly providers: ReadonlyMap<string, ProviderConfig>;
  /** Tenant name → limits; a resource that is absent is unlimited. */
  readonly tenantLimits: ReadonlyMap<string, Resources>;
  /** Ours: a cron schedule on which all images are built, as of the releases before 3.0 (`cron: {image-update: …}`). */
  readonly imageUpdateCron?: string;
  /** Ours: tells this installation from others that share a cloud account. */
  readonly installationId?: string;
}

/** Read once at start. */
export interface WebappConfig {
  readonly port: number;
  readonly listenAddress: string;
  /** Ours: where the builder serves; it does not if absent. */
  readonly builderPort?: number;
  /** Ours: the origins whose pages may read the answers; `*` for all. */
  readonly corsOrigins?: readonly string[];
  /** Ours: file with the tokens of those who may change things over the web. */
  readonly adminTokenFile?: string;
}

export interface ZooKeeperConfig {
  /** `host:port…` joined with `,`, chroot included, exactly as the Python client is handed it (zk-tree 1). Empty if none configured. */
  readonly hosts: string;
  /** Paths of PEM files. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | undefined;
  /** Session timeout in seconds. */
  readonly timeout: number;
}

export interface DiskImageConfig {
  readonly name: string;
  /** Wanted besides those that providers ask for, in file order. */
  readonly formats: readonly string[];
  readonly keepFormats: readonly string[];
  readonly deleteAfterUpload: boolean;
  /** Parents' first. */
  readonly elements: readonly string[];
  /** Includes the secure file's; values are secret unless shown otherwise. */
  readonly envVars: Readonly<Record<string, string>>;
  readonly release: string;
  /** Seconds. */
  readonly rebuildAge: number;
  /** Seconds. */
  readonly buildTimeout: number;
  readonly dibCmd: string;
  readonly pause: boolean;
  readonly username: string;
  readonly pythonPath: string;
  readonly shellType: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Ours: skip a scheduled rebuild whose inputs did not change; text is a command that prints a further key. */
  readonly contentKey?: boolean | string;
  /** Ours: a command that a build must pass before it goes into service. */
  readonly validate?: string;
}

export interface LabelConfig {
  readonly name: string;
  readonly minReady: number;
  /** Seconds; 0 = unlimited. */
  readonly maxReadyAge: number;
  /** `<provider>` and `<pool>` names that offer the label, in file order. */
  readonly pools: readonly { readonly provider: string; readonly pool: string }[];
}

/** One provider, with what all drivers share read out, and the driver's own section as parsed by its schema. */
export interface ProviderConfig {
  readonly name: string;
  /** As configured, or `fake` when the name begins with it (config.md 8). */
  readonly driver: string;
  /** Negative: no limit; 0: handles no requests. */
  readonly maxConcurrency: number;
  /** Lower is served first; undefined counts as 100. */
  readonly priority: number | undefined;
  readonly launchRetries: number;
  /** Seconds per attempt. */
  readonly launchTimeout: number;
  /** Seconds for the host key scan. */
  readonly bootTimeout: number;
  readonly imageNameFormat: string;
  readonly postUploadHook: string | undefined;
  readonly diskImages: ReadonlyMap<string, ProviderDiskImageConfig>;
  readonly cloudImages: ReadonlyMap<string, CloudImageConfig>;
  readonly pools: ReadonlyMap<string, PoolConfig>;
  /** The provider's section after its driver's schema: defaults filled in. The driver knows its type. */
  readonly section: Readonly<Record<string, unknown>>;
}

export interface ProviderDiskImageConfig {
  readonly name: string;
  readonly pause: boolean;
  readonly username: string;
  readonly pythonPath: string;
  readonly shellType: string | null;
  readonly connectionType: string;
  readonly connectionPort: number;
  /** The diskimage's `metadata` overlaid by this entry's `meta` or `tags`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Ours: a command that a node made from an upload must pass before the upload goes into service. */
  readonly validate?: string;
  readonly section: Readonly<Record<string, unknown>>;
}

export interface CloudImageConfig {
  readonly name: string;
  readonly username: string | null;
  readonly pythonPath: string;
  readonly shellType: string | null;
  readonly connectionType: string;
  readonly connectionPort: number;
  readonly section: Readonly<Record<string, unknown>>;
}

export interface PoolConfig {
  readonly name: string;
  readonly provider: string;
  /** Infinity if not limited; 0 or less: the pool declines everything. */
  readonly maxServers: number;
  /** Limits of the pool besides `instances`: `cores`, `ram`, `volumes`, …; absent = unlimited. */
  readonly limits: Resources;
  /** The pool's, else the provider's, else 100. */
  readonly priority: number;
  readonly nodeAttributes: Readonly<Record<string, Json>> | null;
  readonly availabilityZones: readonly string[];
  readonly ignoreProviderQuota: boolean;
  readonly useInternalIp: boolean;
  readonly hostKeyChecking: boolean;
  readonly labels: ReadonlyMap<string, PoolLabelConfig>;
  readonly section: Readonly<Record<string, unknown>>;
}

export interface PoolLabelConfig {
  readonly name: string;
  readonly diskImage: string | undefined;
  readonly cloudImage: string | undefined;
  readonly hostKeyChecking: boolean;
  readonly consoleLog: boolean;
  /** Keys and values that the label adds to an instance, templates not yet filled in. */
  readonly instanceProperties: Readonly<Record<string, string>>;
  readonly dynamicInstanceProperties: Readonly<Record<string, string>>;
  readonly section: Readonly<Record<string, unknown>>;
}
