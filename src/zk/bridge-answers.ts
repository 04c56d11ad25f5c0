import type { AclEntry, CreateMode, NodeData, Op, OpResult, Stat, Watcher, ZooKeeper } from './client';
import { ERROR_CODES, type ZkError } from './errors';
import { ANY_VERSION } from './records';
import {
  packageJute,
  type PackageAclRecord,
  type PackageException,
  type PackageOp,
  type PackageRequest,
  type PackageStat,
  vocabulary,
} from './package-seam';

const { OP_CODES } = packageJute;
const { CreateMode: MODES } = vocabulary;

/** Our names of the package's modes. */
export const MODE_OF: ReadonlyMap<number, CreateMode> = new Map<number, CreateMode>([
  [MODES.PERSISTENT, 'persistent'],
  [MODES.EPHEMERAL, 'ephemeral'],
  [MODES.PERSISTENT_SEQUENTIAL, 'persistent-sequential'],
  [MODES.EPHEMERAL_SEQUENTIAL, 'ephemeral-sequential'],
]);

const NO_DATA = Buffer.alloc(0);

/** Carries a request of the package's `Client` out and gives the payload that it expects in the answer. */
export async function answerRequest(zk: ZooKeeper, request: PackageRequest, watcher: Watcher): Promise<unknown> {
  const { path, data = NO_DATA, acl = [], flags = 0, version, watch, ops = [] } = request.payload;
  const reading = watch === true ? { watcher } : {};
  switch (request.header.type) {
    case OP_CODES['CREATE']:
      return zk.create(path, data, { mode: modeOf(flags), acl: acl.map(fromRecord) });
    case OP_CODES['DELETE']:
      return zk.delete(path, version);
    case OP_CODES['EXISTS']:
      return wrapStat(await zk.exists(path, reading));
    case OP_CODES['GET_DATA']:
      return wrapData(await zk.get(path, reading));
    case OP_CODES['SET_DATA']:
      return wrapStat(await zk.set(path, data, version));
    case OP_CODES['GET_CHILDREN2']:
      return zk.children(path, reading).then(({ children, stat }) => ({ children, stat: toPackageStat(stat) }));
    case OP_CODES['GET_ACL']:
      return zk.getAcl(path).then((it) => ({ acl: it.acl.map(toRecord), stat: toPackageStat(it.stat) }));
    case OP_CODES['SET_ACL']:
      return wrapStat(await zk.setAcl(path, acl.map(fromRecord), version));
    case OP_CODES['MULTI']:
      return { results: (await zk.transaction(ops.map(toOp))).map(toPackageResult) };
    default:
      throw vocabulary.Exception.create(ERROR_CODES.UNIMPLEMENTED, path);
  }
}

/** What the package answers for a failed transaction: nothing happened before the cause, nothing after it. */
export function failedResults(count: number, failedOp: number, code: number): { type: number; err: number }[] {
  return Array.from({ length: count }, (_, index) => ({
    type: OP_CODES['ERROR']!,
    err: index < failedOp ? 0 : index === failedOp ? code : ERROR_CODES.RUNTIME_INCONSISTENCY,
  }));
}

/** The package's exception for ours; a plain one of the same shape where it has no such code and would throw. */
export function toException(error: ZkError): PackageException {
  if (error.code === 'SESSION_CLOSED') return vocabulary.Exception.create(ERROR_CODES.CONNECTION_LOSS, error.path);
  if (error.code === 'DEADLINE') return vocabulary.Exception.create(ERROR_CODES.OPERATION_TIMEOUT, error.path);
  const code = ERROR_CODES[error.code];
  if (isKnownToPackage(code)) return vocabulary.Exception.create(code, error.path);
  return Object.assign(new Error(`Exception: ${error.message}[${code}]`, { cause: error }), {
    name: error.code,
    code,
    getCode: () => code,
    getName: () => error.code,
    getPath: () => error.path,
  });
}

export function isKnownToPackage(code: number): boolean {
  return Object.values(vocabulary.Exception).includes(code);
}

export function toPackageStat(stat: Stat): PackageStat {
  return Object.assign(new packageJute.data.Stat(), {
    ...stat,
    czxid: long(stat.czxid),
    mzxid: long(stat.mzxid),
    ctime: long(BigInt(stat.ctime)),
    mtime: long(BigInt(stat.mtime)),
    ephemeralOwner: long(stat.ephemeralOwner),
    pzxid: long(stat.pzxid),
  });
}

export function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, value));
  return bytes;
}

function wrapStat(stat: Stat | undefined): unknown {
  return stat === undefined ? undefined : { stat: toPackageStat(stat) };
}

function wrapData({ data, stat }: NodeData): unknown {
  return { data, stat: toPackageStat(stat) };
}

function modeOf(flags: number): CreateMode {
  const mode = MODE_OF.get(flags);
  if (mode === undefined) throw vocabulary.Exception.create(ERROR_CODES.BAD_ARGUMENTS);
  return mode;
}

function fromRecord(record: PackageAclRecord): AclEntry {
  return { permission: record.perms, scheme: record.id.scheme, id: record.id.id };
}

function toRecord(entry: AclEntry): object {
  const { ACL, Id } = packageJute.data;
  return new ACL(entry.permission, new Id(entry.scheme, entry.id));
}

function toOp(op: PackageOp): Op {
  const { path, data = NO_DATA, version = ANY_VERSION } = op;
  if (op.type === OP_CODES['CREATE']) {
    const acl = (op.acls ?? []).map((it) => ({ permission: it.permission, scheme: it.id.scheme, id: it.id.id }));
    return { op: 'create', path, data, mode: modeOf(op.mode ?? 0), acl };
  }
  if (op.type === OP_CODES['SET_DATA']) return { op: 'set', path, data, version };
  return { op: op.type === OP_CODES['DELETE'] ? 'delete' : 'check', path, version };
}

function toPackageResult(result: OpResult): object {
  switch (result.op) {
    case 'create':
      return { type: OP_CODES['CREATE'], path: result.path };
    case 'set':
      return { type: OP_CODES['SET_DATA'], stat: toPackageStat(result.stat) };
    case 'delete':
      return { type: OP_CODES['DELETE'] };
    case 'check':
      return { type: OP_CODES['CHECK'] };
  }
}
