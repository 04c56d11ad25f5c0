import { lockFile } from '../../src/runtime/file-lock';

/** Takes the lock on the file named by its argument, says `held`, and keeps it until it is killed. */
lockFile(process.argv[2]!).then(
  () => {
    process.stdout.write('held\n');
    process.stdin.resume();
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
