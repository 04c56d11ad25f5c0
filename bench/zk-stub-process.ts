import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Stub {
  readonly hosts: string;
  stop(): Promise<void>;
}

/** Starts bench/zk-stub.js. */
export async function startStub(): Promise<Stub> {
  const stub = spawn(process.execPath, [join(__dirname, 'zk-stub.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(stub.stdout, 'data')) as [Buffer];
  return {
    hosts: `127.0.0.1:${port.toString().trim()}`,
    stop: async () => {
      const ended = once(stub, 'exit');
      stub.stdin.end();
      await ended;
    },
  };
}
