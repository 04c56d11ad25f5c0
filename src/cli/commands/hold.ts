import type { Command } from '../context';
import { changeNode } from '../change-node';

/** cli.md 4.10; `--reason` is stored as the comment, as the releases before 3.0 did. */
export const run: Command = (context, [id = ''], options) => {
  const reason = options['reason'];
  return changeNode(context, id, { state: 'hold', ...(typeof reason === 'string' ? { comment: reason } : {}) });
};
