import { createInterface } from 'node:readline';
import type { LaunchSpec } from '../../src/drivers/driver';
import { drivers } from '../../src/drivers/registry';
import { hostTools, qemuHostAt } from './qemu-host';

/** What the child is told as its one argument, in JSON. */
export interface ChildTask {
  readonly provider: string;
  readonly folder: string;
  readonly section: Record<string, unknown>;
  readonly image: NonNullable<LaunchSpec['image']>;
  readonly label?: Record<string, unknown>;
  /** Launched all at once. */
  readonly names: readonly string[];
}

/** One line of output for each name. */
export type ChildAnswer =
  { readonly name: string; readonly externalId: string } | { readonly name: string; readonly error: string };

/**
 * A launcher of its own: says `ready`, launches when told `go`, prints one answer a line, and then lives on until it is
 * killed.
 */
async function main(task: ChildTask): Promise<void> {
  const host = qemuHostAt(task.folder, task.provider, task.section);
  const provider = drivers.get('qemu')!.connect(host.config, hostTools);
  const print = (it: ChildAnswer) => process.stdout.write(`${JSON.stringify(it)}\n`);
  const lines = createInterface({ input: process.stdin });
  process.stdout.write('ready\n');
  for await (const line of lines) {
    if (line !== 'go') continue;
    for (const name of task.names) {
      provider.launch(host.launchSpec(name, task.image, task.label), new AbortController().signal).then(
        ({ externalId }) => print({ name, externalId: String(externalId) }),
        (error: { code?: string }) => print({ name, error: error.code ?? String(error) }),
      );
    }
  }
}

main(JSON.parse(process.argv[2]!) as ChildTask).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
