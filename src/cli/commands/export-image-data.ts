import { writeFile } from 'node:fs/promises';
import { exportImageData, printImageData } from '../../store/image-data';
import type { Command } from '../context';

/** cli.md 4.16. Environment and hosts may be told from the data: only the owner may read the file. */
export const run: Command = async (context, [path = '']) => {
  const store = await context.store();
  await writeFile(path, printImageData(await exportImageData(store.zk, context)), { mode: 0o600 });
  return 0;
};
