import { open, rm, stat } from 'node:fs/promises';
import type { BuilderContext } from './context';
import type { ImageOrder } from './make-image';
import { runTool } from './tool-run';

const SUMS = ['md5', 'sha256'] as const;

/**
 * Writes the checksum files that the tool left out: it makes none for tar and squashfs, and without them an upload cannot be
 * verified end to end. Same names and contents as the tool's (builder.md 6). An image without them is an image all the same: what
 * fails is logged, and no half file stays.
 */
export async function addChecksums(context: BuilderContext, order: ImageOrder, signal: AbortSignal): Promise<void> {
  const images = [...order.formats].map((it) => context.folder.file(order.key, it));
  for (const image of images) {
    await Promise.all(SUMS.map((sum) => addChecksum(context, { image, sum, order }, signal)));
  }
}

interface Sum {
  readonly image: string;
  readonly sum: (typeof SUMS)[number];
  readonly order: ImageOrder;
}

async function addChecksum(context: BuilderContext, { image, sum, order }: Sum, signal: AbortSignal): Promise<void> {
  const file = `${image}.${sum}`;
  const isThere = (await stat(file).catch(() => undefined)) !== undefined; // writing it will tell what is wrong
  if (isThere || signal.aborted) return;
  const { clock, env, log } = context.tools;
  const why = await writeSum().catch((error: unknown) => String(error));
  if (why === undefined) return;
  await rm(file, { force: true });
  if (!signal.aborted) log.warn('checksum not written', { file, why });

  /** Undefined if it worked. */
  async function writeSum(): Promise<string | undefined> {
    const output = await open(file, 'w');
    try {
      const command = { file: `${sum}sum`, args: ['--', image], env, outputFd: output.fd };
      const end = await runTool(command, { clock, timeoutMs: order.image.buildTimeout * 1000 }, signal);
      if (end.kind === 'not-started') return end.error.message;
      if (end.kind !== 'exited') return end.kind;
      return end.end.code === 0 ? undefined : `exit code ${end.end.code}`;
    } finally {
      await output.close();
    }
  }
}
