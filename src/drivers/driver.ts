import type { z } from 'zod';
import type { MachineFacts, StandingMachine } from '../config/standing-machine';
import type { PoolConfig, PoolLabelConfig, ProviderConfig } from '../config/types';
import type { Json } from '../model/json';
import type { Resources } from '../model/records';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';

/** All a driver is given. No store, no other driver: it cannot write a record even by mistake. */
export interface DriverTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * False while the program cannot be sure that what it has decided still holds, as after it was stopped for a while: then no
   * instance is asked for or destroyed (`TransientError`), also where a call is only repeated. Default: always true.
   */
  readonly mayAct?: () => boolean;
}

/** A cloud adapter. A new one is: folder, schema, provider, entry in `registry.ts`, page of docs, green `tests/drivers/` run. */
export interface Driver {
  /** As `driver:` in the file: 'openstack'. */
  readonly name: string;
  /**
   * Checks a provider section of the file beyond the common keys (config.md 8-10): keys, types, defaults, docs. Used for
   * loading, `config-validate` and the published JSON Schema alike.
   */
  readonly schema: z.ZodType;
  /** Whether the builder uploads images there. */
  readonly managesImages: boolean;
  /** The format (file extension) that this provider wants its images in. Throws a clear error if that cannot be known. */
  imageFormat(config: ProviderConfig, tools: DriverTools): string;
  /** Least time between the starts of two requests (drivers.md 4); absent or 0: no limit. */
  requestDistanceMs?(config: ProviderConfig): number;
  /** Opens the provider. Contacts nothing yet that may fail for ever; errors of the cloud come from the calls. */
  connect(config: ProviderConfig, tools: DriverTools): Provider;
}

/** The drivers this program can load: the schemas `config` is handed. */
export type DriverRegistry = ReadonlyMap<string, Driver>;

/** The cloud's own name for a thing, as stored in `external_id`. */
export type ExternalId = string | { readonly [key: string]: Json };

/** A thing at a cloud that carries no metadata and that nothing seems to use. */
export interface Leftover {
  /** By the name metrics use: `ports`. */
  readonly kind: string;
  readonly id: string;
}

/** What to boot. `name` is the intent: the same name is the same instance, whoever asks and however often. */
export interface LaunchSpec {
  /** `np` + node id, and `-` + attempt from the second attempt on; at most 63 characters. */
  readonly name: string;
  readonly label: PoolLabelConfig;
  readonly pool: PoolConfig;
  /** External id of the READY upload, or of the cloud image as configured; undefined where the driver needs none. */
  readonly image?: { readonly externalId: string; readonly diskImage: string } | { readonly cloudImage: string };
  /** `nodepool_node_id`, `nodepool_pool_name`, `nodepool_provider_name`, and what the configuration adds. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Availability zone chosen by the launcher. */
  readonly zone?: string;
  /**
   * Throws when the caller may not ask for the instance any more, because the node is no longer known to be its own. To be
   * called right before the call that creates leaves this process, each time: between a decision and its execution a
   * process may stand still for any length of time. `openProvider` does so before `launch`; a driver that has something
   * to look up first does so again.
   */
  readonly confirm?: () => void;
}

export type InstanceState = 'starting' | 'running' | 'failed' | 'deleting';

/** An instance as the cloud sees it now. Addresses are complete from state 'running' on. */
export interface Instance {
  readonly externalId: ExternalId;
  readonly name: string;
  readonly state: InstanceState;
  /** Why it failed, in the cloud's words. */
  readonly fault?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The address to connect to, as the driver sees it. */
  readonly interfaceIp?: string;
  readonly publicIpv4?: string;
  readonly privateIpv4?: string;
  readonly publicIpv6?: string;
  /** Overrides of what the configuration says, where the cloud knows better. */
  readonly connectionPort?: Json;
  readonly connectionType?: string;
  readonly username?: string;
  readonly pythonPath?: string;
  readonly shellType?: string;
  readonly hostKeys?: readonly string[];
  readonly hostId?: string;
  readonly cloud?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly slot?: number;
  readonly attributes?: Readonly<Record<string, Json>>;
  readonly driverData?: Json;
  /** What it uses of the quota. */
  readonly resources: Resources;
}

/** Limits of the account; a key that is absent is unlimited. */
export interface Quota {
  readonly limits: Resources;
}

/** An image at the provider. */
export interface CloudImage {
  readonly externalId: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ImageUploadSpec {
  /** Cloud image name; not unique. */
  readonly name: string;
  /** Identifies the attempt: `nodepool_build_id` and `nodepool_upload_id` make an orphan recognisable. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly file: string;
  readonly format: string;
  readonly md5?: string;
  readonly sha256?: string;
  /** Name and meta of the provider's diskimage entry. */
  readonly image: string;
}

/** Where the cloud takes images of ours. */
export interface ProviderImages {
  /**
   * Streams the file and returns when the image can be booted. Verifies `sha256` end to end where the cloud can. On abort
   * or failure it removes what it began, as far as the cloud answers.
   */
  upload(
    spec: ImageUploadSpec,
    progress: (bytesDone: number, bytesTotal: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly externalId: string }>;
  /** Returns when the cloud has agreed; `NotFoundError` once it is gone. */
  remove(externalId: string, signal: AbortSignal): Promise<void>;
  /** Images of this provider that carry our metadata, with it: leaks are found by comparing. */
  list(signal: AbortSignal): Promise<readonly CloudImage[]>;
  /** Whether a configured cloud image (`cloud-images` entry) can be used now. */
  cloudImageReady(name: string, signal: AbortSignal): Promise<boolean>;
}

/** Machines that are there already: the launcher registers a node for each of their slots, and never launches (drivers.md 7). */
export interface StandingMachines {
  /** As configured, in file order. */
  readonly machines: readonly StandingMachine[];
  /** Entries that name one of them a second time: they do not count. */
  readonly repeated: readonly StandingMachine[];
  /**
   * Whether a machine is fit to be registered: it answers in its time and has the keys that the configuration says.
   * `LaunchFailedError` when it does not answer, `RefusedError` when it has other keys. Any number may run side by side.
   */
  check(machine: StandingMachine, signal: AbortSignal): Promise<MachineFacts>;
  /** Resolves when a machine that is about to be handed out can be reached; `LaunchFailedError` when not in its time. */
  reach(machine: StandingMachine, signal: AbortSignal): Promise<void>;
}

/**
 * One configured provider. Rate limits, metrics and retries are wrappers around it, written once. Every method rejects
 * with a `DriverError`, or with the signal's reason.
 */
export interface Provider {
  readonly name: string;
  /**
   * Asks for an instance and returns as soon as the cloud knows it by an id. Twice with one `spec.name` gives one
   * instance, also after a lost reply and from another process. `NoCapacityError` when full, `RefusedError` when never.
   */
  launch(spec: LaunchSpec, signal: AbortSignal): Promise<Instance>;
  /** Waits until the instance runs and has its addresses. `LaunchFailedError` if it never will, `NotFoundError` if gone. */
  settled(externalId: ExternalId, signal: AbortSignal): Promise<Instance>;
  /** Returns when the cloud has agreed; throws `NotFoundError` once it is gone. Call until it throws; see `destroyed`. */
  destroy(externalId: ExternalId, signal: AbortSignal): Promise<void>;
  /** All instances that the account shows, ours and others', with the metadata given at launch. */
  list(signal: AbortSignal): Promise<readonly Instance[]>;
  quota(signal: AbortSignal): Promise<Quota>;
  /** What one node of the label will use; a `RefusedError` marks the label as broken. */
  need(label: PoolLabelConfig, signal: AbortSignal): Promise<Resources>;
  /** Zones to choose from when the pool names none; empty where the cloud has none. */
  zones(signal: AbortSignal): Promise<readonly string[]>;
  /** The last console output, where the cloud keeps it. */
  consoleLog?(externalId: ExternalId, signal: AbortSignal): Promise<string>;
  /**
   * Deletes what this account leaks that carries no metadata of ours (drivers.md 5.5: ports, floating IPs). Called in each
   * cleanup run; the driver knows how often to look. Returns how many of each kind went, by the name metrics use: `ports`.
   */
  cleanLeaks?(signal: AbortSignal): Promise<Readonly<Record<string, number>>>;
  /** What `cleanLeaks` would delete now or, where it wants to see it twice, the next time; changes nothing. */
  listLeaks?(signal: AbortSignal): Promise<readonly Leftover[]>;
  /** Absent where the cloud takes none: static, kubernetes. */
  readonly images?: ProviderImages;
  /** Present where nodes are not launched. */
  readonly standing?: StandingMachines;
  /** Stops polling and closes connections; calls in progress are aborted. Instances live on. */
  close(): Promise<void>;
}
