import { wallSeconds } from '../../runtime/clock';
import { uploadsView } from '../../views/images';
import type { Command } from '../context';
import { complainOfBroken, printView } from '../print-view';
import { byName } from '../by-name';

/** cli.md 4.3. */
export const run: Command = async (context, _args, options) => {
  const images = await (await context.store()).images.read();
  const uploads = byName(images).flatMap((image) =>
    [...image.builds.values()].flatMap((build) =>
      [...build.providers]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, provider]) => [...provider.uploads.values()]),
    ),
  );
  complainOfBroken(
    context,
    uploads.map((it) => ({ name: `upload ${Object.values(it.key).join(' ')}`, broken: it.broken })),
  );
  const rows = uploads.flatMap((it) => (it.record === undefined ? [] : [{ key: it.key, record: it.record }]));
  await printView(context, options, uploadsView(rows, wallSeconds(context.clock)));
  return 0;
};
