import { wallSeconds } from '../../runtime/clock';
import { buildsView } from '../../views/images';
import { byName } from '../by-name';
import type { Command } from '../context';
import { complainOfBroken, printView } from '../print-view';

/** cli.md 4.4. */
export const run: Command = async (context, _args, options) => {
  const images = await (await context.store()).images.read();
  const builds = byName(images).flatMap((image) =>
    [...image.builds.values()].map((it) => ({ ...it, paused: image.paused })),
  );
  complainOfBroken(
    context,
    builds.map((it) => ({ name: `build ${it.key.image}-${it.key.build}`, broken: it.broken })),
  );
  const rows = builds.flatMap(({ key, record, paused }) => (record === undefined ? [] : [{ key, record, paused }]));
  await printView(context, options, buildsView(rows, wallSeconds(context.clock)));
  return 0;
};
