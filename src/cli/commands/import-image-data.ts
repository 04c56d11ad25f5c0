import { readFile } from 'node:fs/promises';
import { readTrouble } from '../../config/file-trouble';
import { IMAGES } from '../../model/paths';
import { type ImageData, importImageData } from '../../store/image-data';
import type { Command } from '../context';
import { CommandError } from '../failure';

/** cli.md 4.16. Nothing is written unless the whole file is what it should be. */
export const run: Command = async (context, [path = '']) => {
  const data = parseImageData(await read(path), path);
  const store = await context.store();
  await importImageData(store.zk, context, data);
  return 0;
};

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { why, hint } = readTrouble(error);
    throw new CommandError(`${path} cannot be read: ${why} (${hint})`, { cause: error });
  }
}

function parseImageData(text: string, file: string): ImageData {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new CommandError(`${file} does not hold an object of paths`);
  }
  for (const [path, value] of Object.entries(data)) {
    if (!path.startsWith(`${IMAGES}/`)) throw new CommandError(`${file}: ${path} is not below ${IMAGES}`);
    if (typeof value !== 'string') throw new CommandError(`${file}: what stands at ${path} is not text`);
  }
  return data as ImageData;
}
