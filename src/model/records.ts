import type { Json, RawJson } from './json';

/**
 * The records of the tree, field by field as zk-tree.md sections 4 to 9, in camel case. `null` is what the tree says with
 * null. Times are UNIX seconds with a fraction. Every record keeps, in `unknown`, the keys it does not know; they are
 * written back after the known ones.
 */
export interface Unknown {
  readonly unknown?: Readonly<Record<string, RawJson>>;
}

export const BUILD_STATES = ['building', 'ready', 'failed', 'deleting'] as const;
export type BuildState = (typeof BUILD_STATES)[number];

export const UPLOAD_STATES = ['uploading', 'ready', 'failed', 'deleting'] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];

export const REQUEST_STATES = ['requested', 'pending', 'fulfilled', 'failed'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

export const NODE_STATES = [
  'init',
  'building',
  'testing',
  'ready',
  'in-use',
  'used',
  'hold',
  'deleting',
  'failed',
  'aborted',
  'deleted',
] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** zk-tree 4. The image and the id come from the path. */
export interface ImageBuild extends Unknown {
  readonly state: BuildState;
  readonly stateTime: number;
  /** FQDN of the builder. */
  readonly builder: string | null;
  /** Text of its `builder_id.txt`. */
  readonly builderId: string | null;
  /** Sorted, without duplicates. */
  readonly formats: readonly string[];
  readonly username: string | null;
  readonly pythonPath: string | null;
  readonly shellType: string | null;
}

/** zk-tree 5. */
export interface ImageUpload extends Unknown {
  readonly state: UploadState;
  readonly stateTime: number;
  readonly externalId: string | null;
  readonly externalName: string | null;
  readonly format: string | null;
  readonly username: string | null;
  readonly pythonPath: string | null;
  readonly shellType: string | null;
}

/** zk-tree 7. */
export interface NodeRequest extends Unknown {
  readonly state: RequestState;
  readonly stateTime: number;
  readonly declinedBy: readonly string[];
  readonly nodeTypes: readonly string[];
  /** Node ids in the order of `nodeTypes`. */
  readonly nodes: readonly string[];
  readonly reuse: boolean;
  readonly requestor: string | null;
  /** Opaque; byte for byte as written by the requestor. */
  readonly requestorData: RawJson | null;
  readonly provider: string | null;
  readonly relativePriority: number;
  readonly eventId: string | null;
  readonly createdTime: number | null;
  readonly tenantName: string | null;
}

/** Resource amounts: `cores`, `ram` (MiB), `instances`, and what drivers add. */
export type Resources = Readonly<Record<string, number>>;

/** zk-tree 8. `ssh_port` is written as a copy of `connectionPort`. */
export interface Node extends Unknown {
  readonly state: NodeState;
  readonly stateTime: number;
  readonly cloud: string | null;
  readonly provider: string | null;
  readonly pool: string | null;
  /** The labels the node serves. */
  readonly type: readonly string[];
  /** Id of the request. */
  readonly allocatedTo: string | null;
  readonly az: string | null;
  readonly region: string | null;
  readonly publicIpv4: string | null;
  readonly privateIpv4: string | null;
  readonly publicIpv6: string | null;
  readonly hostId: string | null;
  readonly interfaceIp: string | null;
  /** A number, or an object for kubernetes-like nodes. */
  readonly connectionPort: Json;
  readonly imageId: string | null;
  readonly launcher: string | null;
  readonly createdTime: number | null;
  /** What the driver calls the instance; an object for some clouds. */
  readonly externalId: Json;
  readonly hostname: string | null;
  readonly comment: string | null;
  readonly userData: RawJson | null;
  readonly holdJob: string | null;
  /** `<type> <base64>`. */
  readonly hostKeys: readonly string[];
  readonly username: string | null;
  readonly connectionType: string | null;
  readonly shellType: string | null;
  /** Seconds; 0 and null mean none. */
  readonly holdExpiration: number | null;
  readonly resources: Resources | null;
  readonly slot: number | null;
  readonly attributes: Readonly<Record<string, Json>> | null;
  readonly pythonPath: string | null;
  readonly tenantName: string | null;
  readonly requestor: string | null;
  readonly driverData: RawJson | null;
}

export const COMPONENT_KINDS = ['pool', 'launcher', 'builder'] as const;
export type ComponentKind = (typeof COMPONENT_KINDS)[number];

export const COMPONENT_STATES = ['initializing', 'running', 'paused', 'stopped'] as const;
export type ComponentState = (typeof COMPONENT_STATES)[number];

/** zk-tree 9, the keys common to all kinds. */
export interface Component extends Unknown {
  readonly kind: ComponentKind;
  readonly hostname: string;
  readonly state: ComponentState;
  readonly version: string | null;
  /** Always 0 today; must be an integer. */
  readonly modelApi: number;
}

/** One provider pool of one launcher. `id` is what stands in `declinedBy` and in `Node.launcher`. */
export interface PoolComponent extends Component {
  readonly kind: 'pool';
  readonly id: string | null;
  readonly name: string | null;
  readonly providerName: string | null;
  readonly supportedLabels: readonly string[];
  /** Lower is served first; 100 unless configured. */
  readonly priority: number;
  readonly paused: boolean;
}
