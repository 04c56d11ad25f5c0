/** For `catch` after a look at a file: what is not there is undefined; other errors stay errors. */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
