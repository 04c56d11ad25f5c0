import { ZkError } from './errors';

/** Puts the chroot before paths on their way to the server, and takes it off those that come back. */
export class Chroot {
  constructor(readonly prefix: string) {}

  /** The server's path of `path`, which must be absolute and well formed; else BAD_ARGUMENTS, for step `op`. */
  add(path: string, op?: number): string {
    checkPath(path, path, op);
    if (this.prefix === '') return path;
    return path === '/' ? this.prefix : this.prefix + path;
  }

  /** As `add`; the path of a sequential create may end with `/`, the number is then the whole name. */
  addSequential(path: string, op?: number): string {
    checkPath(path.endsWith('/') ? `${path}0` : path, path, op);
    return this.prefix + path;
  }

  /** Prefix match of whole texts, not of path components. */
  addTextPrefix(prefix: string): string {
    return this.prefix + prefix;
  }

  remove(path: string): string {
    if (this.prefix === '') return path;
    return path === this.prefix ? '/' : path.slice(this.prefix.length);
  }
}

const FORBIDDEN = /\/\/|\/\.{1,2}(?:\/|$)|[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/;

/** What the server would refuse, refused here: names the path the caller gave. */
function checkPath(path: string, given: string, op?: number): void {
  if (path === '/') return;
  if (path.charCodeAt(0) !== 47 || path.charCodeAt(path.length - 1) === 47 || FORBIDDEN.test(path)) {
    throw new ZkError('BAD_ARGUMENTS', given, op);
  }
}
