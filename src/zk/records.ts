import type { AclEntry, CreateMode, Stat } from './client';
import { type JuteReader, JuteWriter } from './jute';
import { OPCODE } from './opcodes';

/** Everybody may do everything: the ACL of the whole tree (zk-tree 1). 31 is `Permission.ALL` of the package. */
export const OPEN_ACL: readonly AclEntry[] = [{ permission: 31, scheme: 'world', id: 'anyone' }];

export const ANY_VERSION = -1;

/** Opcode and flags of each way to create. create2 brings the Stat, and with it the czxid, in one trip. */
export const CREATE_MODES: Readonly<Record<CreateMode, { readonly opcode: number; readonly flags: number }>> = {
  persistent: { opcode: OPCODE.create2, flags: 0 },
  ephemeral: { opcode: OPCODE.create2, flags: 1 },
  'persistent-sequential': { opcode: OPCODE.create2, flags: 2 },
  'ephemeral-sequential': { opcode: OPCODE.create2, flags: 3 },
  container: { opcode: OPCODE.createContainer, flags: 4 },
  'persistent-ttl': { opcode: OPCODE.createTtl, flags: 5 },
  'persistent-sequential-ttl': { opcode: OPCODE.createTtl, flags: 6 },
};

export function isSequential(mode: CreateMode): boolean {
  return mode.includes('sequential');
}

export interface CreateRecord {
  readonly path: string;
  readonly data: Buffer;
  readonly mode: CreateMode;
  readonly acl: readonly AclEntry[];
  readonly ttlMs?: number | undefined;
}

export function writeCreate(out: JuteWriter, record: CreateRecord): void {
  const { opcode, flags } = CREATE_MODES[record.mode];
  out.text(record.path);
  out.bytes(record.data);
  if (record.acl === OPEN_ACL) out.raw(OPEN_ACL_BYTES);
  else writeAcl(out, record.acl);
  out.int(flags);
  if (opcode === OPCODE.createTtl) out.long(BigInt(record.ttlMs ?? 0));
}

export function writeAcl(out: JuteWriter, acl: readonly AclEntry[]): void {
  out.int(acl.length);
  for (const it of acl) {
    out.int(it.permission);
    out.text(it.scheme);
    out.text(it.id);
  }
}

const OPEN_ACL_BYTES = encoded((out) => writeAcl(out, OPEN_ACL));

function encoded(body: (out: JuteWriter) => void): Buffer {
  const { buffer, start, end } = new JuteWriter().frame(body);
  return Buffer.from(buffer.subarray(start + 4, end));
}

export function readAcl(reply: JuteReader): AclEntry[] {
  return reply.list((it) => ({ permission: it.int(), scheme: it.text(), id: it.text() }));
}

export function readStat(reply: JuteReader): Stat {
  return {
    czxid: reply.long(),
    mzxid: reply.long(),
    ctime: reply.longNumber(),
    mtime: reply.longNumber(),
    version: reply.int(),
    cversion: reply.int(),
    aversion: reply.int(),
    ephemeralOwner: reply.unsignedLong(),
    dataLength: reply.int(),
    numChildren: reply.int(),
    pzxid: reply.long(),
  };
}

/** What a client says first, without a header. `password` is that of the session to go on with. */
export interface Hello {
  readonly lastZxid: bigint;
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
}

export function writeHello(out: JuteWriter, hello: Hello): void {
  out.int(0);
  out.long(hello.lastZxid);
  out.int(hello.timeoutMs);
  out.long(hello.sessionId);
  out.bytes(hello.password);
  out.boolean(false); // without it the server logs a warning per connection
}

/** The server's answer to `Hello`; a timeout of 0 or less says that the session is gone. */
export interface Welcome {
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
  /** False where old servers do not say. */
  readonly readOnly: boolean;
}

export function readWelcome(reply: JuteReader): Welcome {
  reply.int();
  return {
    timeoutMs: reply.int(),
    sessionId: reply.unsignedLong(),
    password: reply.bytes(),
    readOnly: reply.remaining > 0 && reply.boolean(),
  };
}
