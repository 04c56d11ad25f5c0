/** Why a file cannot be read or written, in words for whoever named it. */
export interface FileTrouble {
  readonly why: string;
  /** What to do about it. */
  readonly hint: string;
}

type Words = Readonly<Record<string, FileTrouble>>;

const BOTH: Words = {
  ENOTDIR: { why: 'a part of its path is a file, not a folder', hint: 'check the path' },
  ELOOP: { why: 'symbolic links on its path lead in a circle', hint: 'check the path' },
  ENAMETOOLONG: { why: 'its name is too long', hint: 'check the path' },
  EISDIR: { why: 'it is a folder', hint: 'name a file' },
  EMFILE: { why: 'too many files are open', hint: 'raise the limit of open files' },
};
const NOT_READABLE = { why: 'this user may not read it', hint: 'allow it, or be another user' };
const NOT_WRITABLE = { why: 'this user may not write there', hint: 'allow it, be another user, or name another place' };
const FULL = { why: 'there is no room left', hint: 'make room, or name another place' };

const READING: Words = {
  ...BOTH,
  ENOENT: { why: 'there is no such file', hint: 'check the path' },
  EACCES: NOT_READABLE,
  EPERM: NOT_READABLE,
};
const WRITING: Words = {
  ...BOTH,
  ENOENT: { why: 'its folder does not exist', hint: 'make the folder first, or name another place' },
  EACCES: NOT_WRITABLE,
  EPERM: NOT_WRITABLE,
  EROFS: { why: 'the file system is read-only', hint: 'name another place' },
  ENOSPC: FULL,
  EDQUOT: FULL,
};

/** What an error of the file system means for a file that was to be read. */
export const readTrouble = (error: unknown): FileTrouble => trouble(READING, error);

/** What an error of the file system means for a file that was to be written. */
export const writeTrouble = (error: unknown): FileTrouble => trouble(WRITING, error);

function trouble(words: Words, error: unknown): FileTrouble {
  const { code, message } = error as NodeJS.ErrnoException;
  return words[code ?? ''] ?? { why: message, hint: 'check the file and its disk' };
}
