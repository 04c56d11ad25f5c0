import { writeFile } from 'node:fs/promises';
import { writeTrouble } from '../../config/file-trouble';
import { exportImageData, printImageData } from '../../store/image-data';
import type { Command } from '../context';
import { CommandError } from '../failure';

/** cli.md 4.16. Environment and hosts may be told from the data: only the owner may read the file. */
export const run: Command = async (context, [path = '']) => {
  const store = await context.store();
  const text = printImageData(await exportImageData(store.zk, context));
  await writeFile(path, text, { mode: 0o600 }).catch((error: unknown) => {
    const { why, hint } = writeTrouble(error);
    throw new CommandError(`${path} cannot be written: ${why} (${hint})`, { cause: error });
  });
  return 0;
};
