import { uploadsView } from '../../views/images';
import type { Command } from '../context';
import { allUploads } from '../all-uploads';
import { readable, showTree } from '../lists/tree-list';

/** cli.md 4.3. */
export const run: Command = (context, _args, options) =>
  showTree(context, options, {
    parts: ['images'],
    view: ({ images }, nowSeconds) => uploadsView(readable(allUploads(images)), nowSeconds),
    broken: ({ images }) =>
      allUploads(images).map((it) => ({ name: `upload ${Object.values(it.key).join(' ')}`, broken: it.broken })),
  });
