import { wallSeconds } from '../../runtime/clock';
import { buildRequestState, imageStatusView } from '../../views/images';
import { byName } from '../by-name';
import type { Command } from '../context';
import { printView } from '../print-view';

/** cli.md 4.5. */
export const run: Command = async (context, _args, options) => {
  const images = await (await context.store()).images.read();
  const rows = byName(images).map((it) => {
    const [firstBuild] = it.builds.values();
    return { ...it, buildRequest: buildRequestState({ ...it, firstBuildCreatedAt: firstBuild?.createdAt }) };
  });
  await printView(context, options, imageStatusView(rows, wallSeconds(context.clock)));
  return 0;
};
