import type { PoolLabelConfig } from '../config/types';
import { fillTemplate } from '../decide/request-template';
import type { LaunchSpec } from '../drivers/driver';
import { ClaimLostError } from '../store/api';
import { INSTALLATION_ID_KEY, NODE_ID_KEY, POOL_NAME_KEY, PROVIDER_NAME_KEY } from './destroy-instance';
import type { HeldNode } from './held-node';
import type { ImageChoice } from './image-choice';
import type { LaunchJob } from './launch-node';
import { instanceName } from './launch-record';
import type { LauncherTools } from './tools';

/** What the cloud is asked for. Of a template that cannot be filled in the log tells; the instance goes without. */
export function launchSpec(
  node: HeldNode,
  attempt: number,
  job: LaunchJob,
  choice: ImageChoice,
  tools: LauncherTools,
): LaunchSpec {
  const { label, pool } = job;
  const { installation } = job.runtime.owner;
  const dynamic: Record<string, string> = {};
  for (const [key, template] of Object.entries(label.dynamicInstanceProperties)) {
    try {
      dynamic[key] = fillTemplate(template, job.requestId, job.request);
    } catch (error) {
      tools.log.error('template of a label cannot be filled in', { label: label.name, key, err: error });
    }
  }
  return {
    name: instanceName(node.id, attempt),
    label,
    pool,
    ...(choice.image === undefined ? {} : { image: choice.image }),
    metadata: {
      ...label.instanceProperties,
      ...dynamic,
      [NODE_ID_KEY]: node.id,
      [POOL_NAME_KEY]: pool.name,
      [PROVIDER_NAME_KEY]: job.runtime.config.name,
      ...oldKeys(label),
      ...(installation === undefined ? {} : { [INSTALLATION_ID_KEY]: installation }),
    },
    ...(job.zone === undefined ? {} : { zone: job.zone }),
    confirm: () => {
      if (!node.isHeld()) throw new ClaimLostError(node.id, 'lock-gone');
    },
  };
}

/** What releases 3.0 to 8.0 have set besides (drivers.md 16), for tools that still look for it. */
function oldKeys({ name, diskImage, cloudImage }: PoolLabelConfig): Record<string, string> {
  const image = diskImage ?? cloudImage;
  return { nodepool_node_label: name, ...(image === undefined ? {} : { nodepool_image_name: image }) };
}
