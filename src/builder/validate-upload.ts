import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PoolConfig, PoolLabelConfig, ProviderConfig, ProviderDiskImageConfig } from '../config/types';
import { INSTALLATION_ID } from '../decide/image-orphans';
import { destroyed } from '../drivers/destroyed';
import type { Instance, LaunchSpec } from '../drivers/driver';
import { LaunchFailedError, NoCapacityError } from '../drivers/errors';
import { logTrouble } from '../drivers/log-trouble';
import type { UploadKey } from '../model/paths';
import { scanHostKeys, scanKind } from '../runtime/host-keys';
import { withTimeLimit } from '../runtime/time-limit';
import { buildLogs, type BuilderContext } from './context';
import type { ConnectedImages } from './provider-connections';
import { removeStrayValidations } from './stray-validations';
import { type Check, runCheck } from './validate-image';
import { VALIDATES } from './validation-metadata';
import { makeFolder } from '../runtime/make-folder';

/** A node made from a new upload did not pass, or did not come up. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError';
}

const BETWEEN_TRIES_MS = 10_000;
/** How long its end may take before it is left to those who look for strays. */
const DESTROY_MS = 60_000;

/**
 * Boots a node from an upload that is not READY yet, and runs the command of the provider's diskimage entry against it
 * (builder.md, "Checks"). Launchers take READY uploads only, so the former one is in use until this resolves. Throws a
 * ValidationError, a DriverError, or the signal's reason; the instance is destroyed in any case.
 */
export async function validateUpload(
  context: BuilderContext,
  connected: ConnectedImages,
  upload: { readonly key: UploadKey; readonly externalId: string; readonly image: ProviderDiskImageConfig },
  command: string,
  signal: AbortSignal,
): Promise<void> {
  const { config } = connected;
  const spec = launchSpec(context, config, upload.key, upload.externalId);
  const { launchTimeout } = config;
  const late = () => new ValidationError(`node was not there after ${launchTimeout} s`);
  const limit = { ms: launchTimeout * 1000, clock: context.tools.clock, late };
  await removeStrayValidations(context, connected, signal); // room for ours
  const trial = new Trial(context, connected, spec);
  try {
    const instance = await withTimeLimit(limit, signal, (it) => trial.boot(it));
    const check = await trial.check(instance, upload, command, signal);
    await runLogged(context, upload.key, check, signal);
  } catch (error) {
    if (!(error instanceof LaunchFailedError)) throw error;
    throw new ValidationError(`node did not come up: ${error.message}`, { cause: error });
  } finally {
    await trial.end();
  }
}

/** One instance, which is no node. */
class Trial {
  #instance: Instance | undefined;

  constructor(
    private readonly context: BuilderContext,
    private readonly connected: ConnectedImages,
    private readonly spec: LaunchSpec,
  ) {}

  /** Waits while the cloud is full: an image is not worth less for that. */
  async boot(signal: AbortSignal): Promise<Instance> {
    const { provider } = this.connected;
    for (;;) {
      try {
        this.#instance = await provider.launch(this.spec, signal);
        break;
      } catch (error) {
        if (!(error instanceof NoCapacityError)) throw error;
        await this.context.tools.clock.sleep(BETWEEN_TRIES_MS, signal);
      }
    }
    const settled = await provider.settled(this.#instance.externalId, signal);
    if (settled.state === 'failed') throw new LaunchFailedError(provider.name, settled.fault ?? 'instance failed');
    return settled;
  }

  /** What is to be run, once the node answers. */
  async check(
    instance: Instance,
    { key, image }: { readonly key: UploadKey; readonly image: ProviderDiskImageConfig },
    command: string,
    signal: AbortSignal,
  ): Promise<Check> {
    const { config } = this.connected;
    const address = instance.interfaceIp ?? '';
    const port = Number(instance.connectionPort ?? image.connectionPort);
    const connectionType = instance.connectionType ?? image.connectionType;
    const hostKeys = instance.hostKeys ?? (await this.#hostKeys({ address, port, connectionType }, signal));
    return {
      command,
      args: [address, String(port)],
      env: {
        NODEPOOL_IMAGE: key.image,
        NODEPOOL_BUILD_ID: key.build,
        NODEPOOL_UPLOAD_ID: key.upload,
        NODEPOOL_PROVIDER: key.provider,
        NODEPOOL_NODE_ADDRESS: address,
        NODEPOOL_NODE_PORT: String(port),
        NODEPOOL_NODE_CONNECTION_TYPE: connectionType,
        NODEPOOL_NODE_USERNAME: instance.username ?? image.username,
        NODEPOOL_NODE_HOST_KEYS: hostKeys.join('\n'),
      },
      what: `${key.image} at ${key.provider}`,
      timeoutSeconds: config.launchTimeout,
    };
  }

  /** Never throws: what stays is found by its metadata. Not until the job's signal, which may be why this ends. */
  async end(): Promise<void> {
    const { clock, log } = this.context.tools;
    const instance = this.#instance;
    if (instance === undefined) return;
    const limit = { ms: DESTROY_MS, clock, late: () => new Error('took too long') };
    const never = new AbortController().signal;
    await withTimeLimit(limit, never, (it) => destroyed(this.connected.provider, instance.externalId, clock, it)).catch(
      (error: unknown) => {
        const { name } = this.connected.provider;
        const fields = { provider: name, instance: instance.name };
        logTrouble(log, 'warn', 'instance of a validation was not removed', error, fields);
      },
    );
  }

  /** As for nodes (drivers.md 3.1): addresses of the simulated cloud cannot be scanned. */
  async #hostKeys(
    { address, port, connectionType }: { readonly address: string; readonly port: number; connectionType: string },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    if (!this.spec.label.hostKeyChecking || address === '' || address.includes('fake')) return [];
    const timeoutMs = this.connected.config.bootTimeout * 1000;
    const target = { host: address, port, kind: scanKind(connectionType), timeoutMs };
    try {
      return await scanHostKeys(target, this.context.tools, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new ValidationError(`node does not answer: ${String(error)}`, { cause: error });
    }
  }
}

function launchSpec(context: BuilderContext, config: ProviderConfig, key: UploadKey, externalId: string): LaunchSpec {
  const { pool, label } = labelFor(config, key.image);
  const { installationId } = context.config();
  const [zone] = pool.availabilityZones;
  return {
    name: instanceName(key),
    pool,
    label,
    image: { externalId, diskImage: key.image },
    metadata: {
      nodepool_provider_name: config.name,
      nodepool_build_id: key.build,
      nodepool_upload_id: key.upload,
      [VALIDATES]: key.image,
      ...(installationId === undefined ? {} : { [INSTALLATION_ID]: installationId }),
    },
    ...(zone === undefined ? {} : { zone }),
  };
}

/** The first label that is made from the image: what nodes of it will be. */
function labelFor(
  config: ProviderConfig,
  image: string,
): { readonly pool: PoolConfig; readonly label: PoolLabelConfig } {
  for (const pool of config.pools.values()) {
    for (const label of pool.labels.values()) {
      if (label.diskImage === image) return { pool, label };
    }
  }
  throw new ValidationError(`no label of provider ${config.name} says how a node of ${image} is made`);
}

/** No node's; the same for the same upload, so that asking twice gives one instance. */
function instanceName({ build, provider, upload }: UploadKey): string {
  const where = createHash('sha256').update(provider).digest('hex').slice(0, 8);
  return `npv-${build.slice(0, 16)}-${upload}-${where}`;
}

/** The command's output goes to the end of the build's log on this host. */
async function runLogged(context: BuilderContext, key: UploadKey, check: Check, signal: AbortSignal): Promise<void> {
  const file = buildLogs(context.config()).file(key);
  await makeFolder(dirname(file));
  const log = await open(file, 'a');
  try {
    const failure = await runCheck(context, check, log, signal);
    signal.throwIfAborted();
    if (failure !== undefined) throw new ValidationError(failure.message);
  } finally {
    await log.close();
  }
}
