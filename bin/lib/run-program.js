'use strict';

/**
 * Gives a program of `dist` its arguments, streams and signals, and ends the process with its status. The first INT,
 * TERM or USR1 drains, the second is impatient; the reason names the signal.
 */
module.exports = function runProgram(main) {
  const drain = new AbortController();
  const now = new AbortController();
  const stop = (name) => {
    const reason = Object.assign(new Error(`stopped by ${name}`), { signal: name });
    if (drain.signal.aborted) now.abort(reason);
    else drain.abort(reason);
  };
  now.signal.addEventListener('abort', () => drain.abort(now.signal.reason));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGUSR1']) process.on(name, () => stop(name));
  // A reader that went away (`nodepool list | head`) is no reason for a stack trace.
  process.stdout.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const io = {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    stop: { drain: drain.signal, now: now.signal },
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
    process: ownProcess(),
  };
  main(process.argv.slice(2), io).then(
    (status) => {
      process.exitCode = status;
      // Something may still hold the loop open (a reply that never comes); the program said that it is done.
      process.exit(status);
    },
    (error) => {
      process.stderr.write(`${error && error.stack ? error.stack : error}\n`);
      process.exit(70);
    },
  );
};

/** See `OwnProcess` in src/runtime/program.ts. */
function ownProcess() {
  const isInBackground = process.env.NODEPOOL_IN_BACKGROUND === '1';
  delete process.env.NODEPOOL_IN_BACKGROUND;
  const send = (message) => {
    // The parent may be gone (Ctrl-C): whatever it was to hear, nobody waits for it.
    if (process.connected) process.send(message, () => undefined);
  };
  const parent = {
    say: (line) => send({ say: line }),
    up: () => {
      send({ up: true });
      process.disconnect?.();
    },
  };
  if (isInBackground) process.on('disconnect', () => undefined);
  return {
    command: [process.execPath, ...process.execArgv, process.argv[1]],
    ...(isInBackground ? { parent } : {}),
    onCrash: (listener) => process.on('uncaughtExceptionMonitor', listener),
  };
}
