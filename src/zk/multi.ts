import type { Op, OpResult, ReadOp, ReadResult } from './client';
import type { Chroot } from './chroot';
import { fromWire, ZkError } from './errors';
import type { JuteReader, JuteWriter } from './jute';
import { OPCODE } from './opcodes';
import { ANY_VERSION, CREATE_MODES, isSequential, OPEN_ACL, readStat, writeCreate } from './records';
import { readNodeData, type Request } from './request';

/** A step that did not fail itself in a transaction that did: before the cause, and after it. */
const OK = 0;
const ROLLED_BACK = -2;

/** All or nothing. The answer's own status is good even if a step failed: the error is that of the failing step. */
export function transactionRequest(ops: readonly Op[], chroot: Chroot): Request<OpResult[]> {
  const paths = ops.map((it, index) => {
    const sequential = it.op === 'create' && isSequential(it.mode ?? 'persistent');
    return sequential ? chroot.addSequential(it.path, index) : chroot.add(it.path, index);
  });
  return {
    opcode: OPCODE.multi,
    path: undefined,
    write: (out) => {
      ops.forEach((it, index) => writeOp(out, it, paths[index]!));
      writeHeader(out, -1, true);
    },
    read: (reply) => readResults(reply, ops, chroot),
  };
}

/** Reads that fail each for itself. */
export function multiReadRequest(ops: readonly ReadOp[], chroot: Chroot): Request<ReadResult[]> {
  const paths = ops.map((it) => chroot.add(it.path));
  return {
    opcode: OPCODE.multiRead,
    path: undefined,
    write: (out) => {
      ops.forEach((it, index) => {
        writeHeader(out, it.op === 'get' ? OPCODE.getData : OPCODE.getChildren, false);
        out.text(paths[index]!);
        out.boolean(false); // the server ignores watches here
      });
      writeHeader(out, -1, true);
    },
    read: (reply) => ops.map((it) => readReadResult(reply, it)),
  };
}

function writeHeader(out: JuteWriter, type: number, done: boolean): void {
  out.int(type);
  out.boolean(done);
  out.int(-1);
}

function readHeader(reply: JuteReader): number {
  const type = reply.int();
  const done = reply.boolean();
  reply.int();
  if (done) throw new ZkError('MARSHALLING_ERROR');
  return type;
}

function writeOp(out: JuteWriter, op: Op, path: string): void {
  switch (op.op) {
    case 'create': {
      const mode = op.mode ?? 'persistent';
      writeHeader(out, CREATE_MODES[mode].opcode, false);
      writeCreate(out, { path, data: op.data, mode, acl: op.acl ?? OPEN_ACL });
      return;
    }
    case 'set':
      writeHeader(out, OPCODE.setData, false);
      out.text(path);
      out.bytes(op.data);
      out.int(op.version ?? ANY_VERSION);
      return;
    case 'delete':
    case 'check':
      writeHeader(out, op.op === 'delete' ? OPCODE.delete : OPCODE.check, false);
      out.text(path);
      out.int(op.version ?? ANY_VERSION);
  }
}

function readResults(reply: JuteReader, ops: readonly Op[], chroot: Chroot): OpResult[] {
  const codes: number[] = [];
  const results: OpResult[] = [];
  for (let index = 0; index < ops.length; index += 1) {
    const type = readHeader(reply);
    if (type === OPCODE.error) codes.push(reply.int());
    else results.push(readResult(reply, type, chroot));
  }
  if (codes.length === 0) return results;
  const cause = codes.findIndex((it) => it !== OK && it !== ROLLED_BACK);
  const failed = cause === -1 ? codes.indexOf(ROLLED_BACK) : cause;
  throw fromWire(codes[failed] ?? ROLLED_BACK, ops[failed]?.path, failed);
}

/** By the type in the answer: 3.8 answers create2 as create, without the Stat. */
function readResult(reply: JuteReader, type: number, chroot: Chroot): OpResult {
  switch (type) {
    case OPCODE.create:
      return { op: 'create', path: chroot.remove(reply.text()) };
    case OPCODE.create2:
    case OPCODE.createContainer:
    case OPCODE.createTtl:
      return { op: 'create', path: chroot.remove(reply.text()), stat: readStat(reply) };
    case OPCODE.setData:
      return { op: 'set', stat: readStat(reply) };
    case OPCODE.delete:
      return { op: 'delete' };
    case OPCODE.check:
      return { op: 'check' };
    default:
      throw new ZkError('MARSHALLING_ERROR');
  }
}

function readReadResult(reply: JuteReader, op: ReadOp): ReadResult {
  switch (readHeader(reply)) {
    case OPCODE.getData:
      return { op: 'get', ...readNodeData(reply) };
    case OPCODE.getChildren:
      return { op: 'children', children: reply.texts() };
    case OPCODE.error:
      return { op: 'error', error: fromWire(reply.int(), op.path) };
    default:
      throw new ZkError('MARSHALLING_ERROR');
  }
}
