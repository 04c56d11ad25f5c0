import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, DiskImageConfig } from '../config/types';
import { buildName, parseBuildName } from '../decide/image-files';
import type { BuildKey } from '../model/paths';
import { absent } from '../runtime/absent';
import { makeFolder } from '../runtime/make-folder';

/** Where builds of an image work: beside the images unless its `env-vars`, or our own environment, say `TMP_DIR`. */
export interface TempPlaces {
  readonly imagesDir: string;
  /** Keeps builders apart that share a place such as `/tmp` but not the images. */
  readonly builderId: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The folder of one build, as the tool's `TMP_DIR`. Its name tells whose it is after a crash. */
export function tempFolder(places: TempPlaces, image: DiskImageConfig | undefined, key: BuildKey): string {
  return join(tempRoot(places, baseOf(places, image)), buildName(key));
}

export async function makeTempFolder(folder: string): Promise<void> {
  await makeFolder(folder, { mode: 0o755 });
}

/** Folders of all builds, running and abandoned, in every place that the configuration names. */
export async function listTempFolders(
  places: TempPlaces,
  config: Config,
): Promise<readonly { readonly key: BuildKey; readonly folder: string }[]> {
  const bases = [places.imagesDir, ...[undefined, ...config.diskImages.values()].map((it) => baseOf(places, it))];
  const roots = [...new Set(bases)].map((it) => tempRoot(places, it));
  const found = await Promise.all(
    roots.map(async (root) => {
      const names = (await readdir(root).catch(absent)) ?? []; // nothing was built there
      return names.flatMap((name) => {
        const key = parseBuildName(name);
        return key === undefined ? [] : [{ key, folder: join(root, name) }];
      });
    }),
  );
  return found.flat();
}

function baseOf(places: TempPlaces, image: DiskImageConfig | undefined): string {
  return image?.envVars['TMP_DIR'] ?? places.env['TMP_DIR'] ?? places.imagesDir;
}

function tempRoot(places: TempPlaces, base: string): string {
  return join(base, `.nodepool-${places.builderId.trim()}`);
}
