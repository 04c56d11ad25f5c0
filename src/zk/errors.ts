/**
 * Names as in the package `node-zookeeper-client`, numbers as on the wire; those that the package lacks are named as in
 * ZooKeeper's own sources. Codes above 0 are ours and never travel.
 */
export const ERROR_CODES = {
  SYSTEM_ERROR: -1,
  RUNTIME_INCONSISTENCY: -2,
  DATA_INCONSISTENCY: -3,
  CONNECTION_LOSS: -4,
  MARSHALLING_ERROR: -5,
  UNIMPLEMENTED: -6,
  OPERATION_TIMEOUT: -7,
  BAD_ARGUMENTS: -8,
  NEW_CONFIG_NO_QUORUM: -13,
  RECONFIG_IN_PROGRESS: -14,
  UNKNOWN_SESSION: -12,
  API_ERROR: -100,
  NO_NODE: -101,
  NO_AUTH: -102,
  BAD_VERSION: -103,
  NO_CHILDREN_FOR_EPHEMERALS: -108,
  NODE_EXISTS: -110,
  NOT_EMPTY: -111,
  SESSION_EXPIRED: -112,
  INVALID_CALLBACK: -113,
  INVALID_ACL: -114,
  AUTH_FAILED: -115,
  SESSION_MOVED: -118,
  NOT_READONLY: -119,
  EPHEMERAL_ON_LOCAL_SESSION: -120,
  NO_WATCHER: -121,
  REQUEST_TIMEOUT: -122,
  RECONFIG_DISABLED: -123,
  SESSION_CLOSED_REQUIRE_SASL_AUTH: -124,
  QUOTA_EXCEEDED: -125,
  THROTTLED_OP: -127,
  /** Ours: the client was closed. */
  SESSION_CLOSED: 1,
  /** Ours: the request's own deadline passed; it may have been carried out. */
  DEADLINE: 2,
  /** Ours: the request is larger than the server accepts; nothing was sent. */
  TOO_LARGE: 3,
  /** Ours: a number that no version of ZooKeeper we know uses. */
  UNKNOWN: 4,
} as const;

export type ErrorName = keyof typeof ERROR_CODES;

const NAMES = new Map<number, ErrorName>(Object.entries(ERROR_CODES).map(([name, code]) => [code, name as ErrorName]));

/** What a request to ZooKeeper fails with. Decide on `code`; `path` and `failedOp` are for logs. */
export class ZkError extends Error {
  override readonly name = 'ZkError';

  constructor(
    readonly code: ErrorName,
    readonly path?: string,
    /** Index of the step that failed a transaction. */
    readonly failedOp?: number,
    options?: ErrorOptions & { readonly wireCode?: number },
  ) {
    super(
      `${code}${path === undefined ? '' : ` ${path}`}${options?.wireCode === undefined ? '' : ` (${options.wireCode})`}`,
      options,
    );
  }
}

/** The error for a number from the wire; never throws, unknown numbers become `UNKNOWN`. */
export function fromWire(code: number, path?: string, failedOp?: number): ZkError {
  const name = NAMES.get(code);
  return name === undefined
    ? new ZkError('UNKNOWN', path, failedOp, { wireCode: code })
    : new ZkError(name, path, failedOp);
}

/** Whether `error` is a ZkError with one of the codes. */
export function isZkError(error: unknown, ...codes: readonly ErrorName[]): error is ZkError {
  return error instanceof ZkError && (codes.length === 0 || codes.includes(error.code));
}

/** The outcome is unknown: the link or the patience ended before the answer came. */
export function isOutcomeUnknown(error: unknown): boolean {
  return isZkError(error, 'CONNECTION_LOSS', 'DEADLINE', 'OPERATION_TIMEOUT', 'REQUEST_TIMEOUT', 'SESSION_MOVED');
}
