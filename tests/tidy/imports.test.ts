import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { importsOf, root, sources } from './sources';

/** The table of src/README.md: room → rooms it may import. */
const allowed = new Map(
  [...readFileSync(join(root, 'src/README.md'), 'utf8').matchAll(/^\| `(\w+)`\s*\|[^|]*\|([^|]*)\|$/gm)].map((it) => [
    it[1]!,
    [...it[2]!.matchAll(/`(\w+)`/g)].map((inner) => inner[1]!),
  ]),
);
const PURE = ['model', 'config', 'decide', 'views'];
/** Files of pure rooms that touch files, by name, because loading has to happen somewhere. */
const TOUCHES_FILES = ['src/config/load.ts'];

const modules = sources('src').map((it) => {
  const [, room, ...rest] = it.file.split('/');
  const targets = importsOf(it.text);
  const inside = targets
    .filter((target) => target.startsWith('.'))
    .map((target) =>
      normalize(join(dirname(it.file), target))
        .split('/')
        .slice(1),
    );
  return { ...it, room: rest.length === 0 ? '' : room!, folder: rest.slice(0, -1).join('/'), targets, inside };
});

test('the table names every room', () => {
  const rooms = new Set(modules.map((it) => it.room).filter((it) => it !== ''));
  expect([...rooms].filter((it) => !allowed.has(it))).toEqual([]);
  expect(allowed.size).toBe(15);
});

test('a room imports only what the table allows', () => {
  const broken = modules
    .filter((it) => it.room !== '')
    .flatMap((it) =>
      it.inside
        .map(([room]) => room!)
        .filter((room) => room !== it.room && !allowed.get(it.room)!.includes(room))
        .map((room) => `${it.file} imports ${room}`),
    );
  expect(broken).toEqual([]);
});

test('pure rooms touch nothing of Node but assert', () => {
  const broken = modules
    .filter((it) => PURE.includes(it.room) && !TOUCHES_FILES.includes(it.file))
    .flatMap((it) =>
      it.targets
        .filter((target) => target.startsWith('node:') && target !== 'node:assert' && target !== 'node:assert/strict')
        .map((target) => `${it.file} imports ${target}`),
    );
  expect(broken).toEqual([]);
});

test("only the registry imports a cloud's folder, and no cloud another's", () => {
  const broken = modules
    .filter((it) => it.file !== 'src/drivers/registry.ts')
    .flatMap((it) =>
      it.inside
        .filter(
          ([room, folder, ...rest]) => room === 'drivers' && rest.length > 0 && folder !== it.folder.split('/')[0],
        )
        .map((target) => `${it.file} imports ${target.join('/')}`),
    );
  expect(broken).toEqual([]);
});

test('no file imports itself in a circle through other rooms', () => {
  const floors = [
    PURE,
    ['runtime', 'zk', 'store', 'drivers'],
    ['scheduler', 'web', 'daemon', 'cli', 'builder', 'launcher', 'nodepoold'],
  ];
  const floorOf = (room: string) => floors.findIndex((it) => it.includes(room));
  const upward = modules
    .filter((it) => it.room !== '')
    .flatMap((it) =>
      it.inside
        .map(([room]) => room!)
        .filter((room) => floorOf(room) > floorOf(it.room))
        .map((room) => `${it.file} imports ${room}`),
    );
  expect(upward).toEqual([]);
});
