import { type BuildKey, REQUEST_LOCKS, ROOT, type UploadKey } from './paths';
import { COMPONENT_KINDS, type ComponentKind } from './records';

/** One member for each kind, so that a check of `kind` narrows. */
type Of<K extends string, F> = K extends string ? { readonly kind: K } & F : never;

/** Lock directories, by what they protect (zk-tree 10.2). */
export type LockKind =
  | Of<'image-build-lock', { readonly image: string }>
  | Of<'build-number-lock', BuildKey>
  | Of<'image-upload-lock', BuildKey & { readonly provider: string }>
  | Of<'upload-number-lock', UploadKey>
  | Of<'node-lock', { readonly node: string }>
  | Of<'request-lock', { readonly request: string }>
  | Of<'stats-election', object>;

/** What a path of the tree is: purely by depth, and a part named `lock` is never a record (zk-tree 12). */
export type PathKind =
  | LockKind
  | Of<'image' | 'request-build' | 'pause', { readonly image: string }>
  | Of<'build', BuildKey>
  | Of<'build-provider', BuildKey & { readonly provider: string }>
  | Of<'upload', UploadKey>
  | Of<'node', { readonly node: string }>
  | Of<'request', { readonly request: string }>
  | Of<'component', { readonly of: ComponentKind; readonly znode: string }>
  /** A child of a lock directory; `of` says what is locked. */
  | Of<'contender', { readonly name: string; readonly of: LockKind }>
  /** A directory without meaning of its own, or nothing we know. */
  | Of<'other', object>;

const OTHER: PathKind = { kind: 'other' };

/** What `path`, relative to the chroot, is. Never throws. */
export function classifyPath(path: string): PathKind {
  if (!path.startsWith(`${ROOT}/`)) return OTHER;
  const parts = path.slice(ROOT.length + 1).split('/');
  if (parts.some((it) => it === '')) return OTHER;
  const [area, ...rest] = parts as [string, ...string[]];
  const own = inArea(area, rest);
  if (own.kind !== 'other' || rest.length === 0) return own;
  const parent = inArea(area, rest.slice(0, -1));
  return isLock(parent) ? { kind: 'contender', name: rest.at(-1)!, of: parent } : OTHER;
}

function inArea(area: string, rest: readonly string[]): PathKind {
  if (area === 'images') return imageKind(rest);
  if (area === 'nodes') return nodeKind(rest);
  if (area === 'requests')
    return rest.length === 1 && rest[0] !== 'lock' ? { kind: 'request', request: rest[0]! } : OTHER;
  if (`${ROOT}/${area}` === REQUEST_LOCKS)
    return rest.length === 1 ? { kind: 'request-lock', request: rest[0]! } : OTHER;
  if (area === 'components') return componentKind(rest);
  if (area === 'elections' && rest.length === 1 && rest[0] === 'stats') return { kind: 'stats-election' };
  return OTHER;
}

function nodeKind(rest: readonly string[]): PathKind {
  const [node, lock, ...more] = rest;
  if (node === undefined || node === 'lock' || more.length > 0) return OTHER;
  if (lock === undefined) return { kind: 'node', node };
  return lock === 'lock' ? { kind: 'node-lock', node } : OTHER;
}

function componentKind(rest: readonly string[]): PathKind {
  const of = COMPONENT_KINDS.find((it) => it === rest[0]);
  return of === undefined || rest.length !== 2 ? OTHER : { kind: 'component', of, znode: rest[1]! };
}

function imageKind(rest: readonly string[]): PathKind {
  const [image, second, build, ...below] = rest;
  if (image === undefined || image === 'lock') return OTHER;
  if (second === undefined) return { kind: 'image', image };
  if (build === undefined) return second === 'request-build' || second === 'pause' ? { kind: second, image } : OTHER;
  if (second !== 'builds') return OTHER;
  if (build === 'lock') return below.length === 0 ? { kind: 'image-build-lock', image } : OTHER;
  return buildKind({ image, build }, below);
}

/** `below`: what follows `images/IMG/builds/BID`. */
function buildKind(key: BuildKey, below: readonly string[]): PathKind {
  const [first, provider, images, upload, lock, ...more] = below;
  if (first === undefined) return { kind: 'build', ...key };
  if (first === 'lock') return provider === undefined ? { kind: 'build-number-lock', ...key } : OTHER;
  if (first !== 'providers' || provider === undefined || more.length > 0) return OTHER;
  if (images === undefined) return { kind: 'build-provider', ...key, provider };
  if (images !== 'images' || upload === undefined) return OTHER;
  if (upload === 'lock') return lock === undefined ? { kind: 'image-upload-lock', ...key, provider } : OTHER;
  if (lock === undefined) return { kind: 'upload', ...key, provider, upload };
  return lock === 'lock' ? { kind: 'upload-number-lock', ...key, provider, upload } : OTHER;
}

function isLock(it: PathKind): it is LockKind {
  return it.kind.endsWith('-lock') || it.kind === 'stats-election';
}

/** The upload that a node's `image_id` names; undefined for cloud images and anything else. */
export function parseUploadPath(path: string): UploadKey | undefined {
  const it = classifyPath(path);
  if (it.kind !== 'upload') return undefined;
  return { image: it.image, build: it.build, provider: it.provider, upload: it.upload };
}
