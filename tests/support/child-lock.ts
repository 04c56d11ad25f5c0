import { lockFile } from '../../src/runtime/file-lock';

/**
 * Takes the lock on the file named by its argument, says `held`, and keeps it until it is killed. It forgets what it was
 * given at once, and has the memory cleared: a lock that is not released must outlive that.
 */
lockFile(process.argv[2]!).then(
  () => {
    process.stdin.resume();
    setImmediate(() => {
      gc!();
      setImmediate(() => process.stdout.write('held\n'));
    });
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
