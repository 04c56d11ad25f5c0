import type { AclEntry, NodeData, Stat, WatchMode } from './client';
import type { JuteReader, JuteWriter } from './jute';
import { OPCODE } from './opcodes';
import { ANY_VERSION, CREATE_MODES, type CreateRecord, readAcl, readStat, writeAcl, writeCreate } from './records';

/** A question to the server and how to read its answer. Paths in it are the server's, chroot included. */
export interface Request<T> {
  readonly opcode: number;
  /** As the caller named it, for errors. */
  readonly path: string | undefined;
  write(out: JuteWriter): void;
  read(reply: JuteReader): T;
  /** What NO_NODE means where it is an answer and no error. */
  readonly missing?: () => T;
}

/** Where a request goes: `full` is what the server sees, `shown` what the caller gave. */
export interface Target {
  readonly full: string;
  readonly shown: string;
}

export function createRequest(
  at: Target,
  record: Omit<CreateRecord, 'path'>,
  unroot: (path: string) => string,
): Request<{ path: string; stat: Stat }> {
  return {
    opcode: CREATE_MODES[record.mode].opcode,
    path: at.shown,
    write: (out) => writeCreate(out, { ...record, path: at.full }),
    read: (reply) => ({ path: unroot(reply.text()), stat: readStat(reply) }),
  };
}

export function getRequest(at: Target, watch: boolean): Request<NodeData> {
  return {
    opcode: OPCODE.getData,
    path: at.shown,
    write: (out) => writeRead(out, at.full, watch),
    read: readNodeData,
  };
}

export function existsRequest(at: Target, watch: boolean): Request<Stat | undefined> {
  return {
    opcode: OPCODE.exists,
    path: at.shown,
    write: (out) => writeRead(out, at.full, watch),
    read: readStat,
    missing: () => undefined,
  };
}

export function childrenRequest(at: Target, watch: boolean): Request<{ children: string[]; stat: Stat }> {
  return {
    opcode: OPCODE.getChildren2,
    path: at.shown,
    write: (out) => writeRead(out, at.full, watch),
    read: (reply) => ({ children: reply.texts(), stat: readStat(reply) }),
  };
}

export function setRequest(at: Target, data: Buffer, version: number = ANY_VERSION): Request<Stat> {
  return {
    opcode: OPCODE.setData,
    path: at.shown,
    write: (out) => {
      out.text(at.full);
      out.bytes(data);
      out.int(version);
    },
    read: readStat,
  };
}

export function deleteRequest(at: Target, version: number = ANY_VERSION): Request<void> {
  return {
    opcode: OPCODE.delete,
    path: at.shown,
    write: (out) => {
      out.text(at.full);
      out.int(version);
    },
    read: nothing,
  };
}

export function syncRequest(at: Target): Request<void> {
  return { opcode: OPCODE.sync, path: at.shown, write: (out) => out.text(at.full), read: nothing };
}

export function getAclRequest(at: Target): Request<{ acl: AclEntry[]; stat: Stat }> {
  return {
    opcode: OPCODE.getAcl,
    path: at.shown,
    write: (out) => out.text(at.full),
    read: (reply) => ({ acl: readAcl(reply), stat: readStat(reply) }),
  };
}

export function setAclRequest(at: Target, acl: readonly AclEntry[], version: number = ANY_VERSION): Request<Stat> {
  return {
    opcode: OPCODE.setAcl,
    path: at.shown,
    write: (out) => {
      out.text(at.full);
      writeAcl(out, acl);
      out.int(version);
    },
    read: readStat,
  };
}

export function countRequest(at: Target): Request<number> {
  return {
    opcode: OPCODE.getAllChildrenNumber,
    path: at.shown,
    write: (out) => out.text(at.full),
    read: (reply) => reply.int(),
  };
}

export function ephemeralsRequest(at: Target, unroot: (path: string) => string): Request<string[]> {
  return {
    opcode: OPCODE.getEphemerals,
    path: at.shown,
    write: (out) => out.text(at.full),
    read: (reply) => reply.texts().map(unroot),
  };
}

export function addWatchRequest(at: Target, mode: WatchMode): Request<void> {
  return {
    opcode: OPCODE.addWatch,
    path: at.shown,
    write: (out) => {
      out.text(at.full);
      out.int(mode === 'persistent' ? 0 : 1);
    },
    read: nothing,
  };
}

/** `kind` is one of `WATCH_KIND`. */
export function removeWatchesRequest(at: Target, kind: number): Request<void> {
  return {
    opcode: OPCODE.removeWatches,
    path: at.shown,
    write: (out) => {
      out.text(at.full);
      out.int(kind);
    },
    read: nothing,
  };
}

export const CLOSE_REQUEST: Request<void> = {
  opcode: OPCODE.closeSession,
  path: undefined,
  write: nothing,
  read: nothing,
};

export function readNodeData(reply: JuteReader): NodeData {
  return { data: reply.bytes(), stat: readStat(reply) };
}

function writeRead(out: JuteWriter, path: string, watch: boolean): void {
  out.text(path);
  out.boolean(watch);
}

function nothing(): void {}
