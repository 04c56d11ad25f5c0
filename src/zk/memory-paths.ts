/** What ZooKeeper does not allow in a path: control characters, surrogates and private use, specials. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/;

/** The parent of an absolute path; that of the root is the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** Whether the server (and every client) refuses this path: not absolute, empty or dotted parts, odd characters. */
export function badPath(path: string): boolean {
  if (path === '/') return false;
  if (!path.startsWith('/') || FORBIDDEN.test(path)) return true;
  return path
    .slice(1)
    .split('/')
    .some((part) => part === '' || part === '.' || part === '..');
}
