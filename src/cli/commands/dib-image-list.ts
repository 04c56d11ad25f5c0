import { buildsView } from '../../views/images';
import { byName } from '../by-name';
import type { Command } from '../context';
import { readable, showTree, type TreeParts } from '../lists/tree-list';

/** cli.md 4.4. */
export const run: Command = (context, _args, options) =>
  showTree(context, options, {
    parts: ['images'],
    extent: 'builds',
    view: (tree, nowSeconds) => buildsView(readable(buildsOf(tree)), nowSeconds),
    broken: (tree) =>
      buildsOf(tree).map((it) => ({ name: `build ${it.key.image}-${it.key.build}`, broken: it.broken })),
  });

const buildsOf = ({ images }: TreeParts) =>
  byName(images).flatMap((image) => [...image.builds.values()].map((it) => ({ ...it, paused: image.paused })));
