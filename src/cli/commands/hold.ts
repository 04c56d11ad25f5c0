import { changeNodes } from '../change-node';
import type { Command } from '../context';
import { secondsOption } from '../time-option';

/** cli.md 4.10; `--reason` is stored as the comment, as the releases before 3.0 did, `--hold-time` as Zuul's autohold does. */
export const run: Command = (context, ids, options) => {
  const { reason } = options;
  const seconds = secondsOption(options, 'holdTime', '--hold-time');
  return changeNodes(context, ids, options, {
    state: 'hold',
    ...(typeof reason === 'string' ? { comment: reason } : {}),
    ...(seconds === undefined ? {} : { holdExpiration: seconds }),
  });
};
