import { codeOnly, sources } from './sources';

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Folders or files where it is at home. */
  readonly exceptIn: readonly string[];
}

const BANS: readonly Ban[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\)/, instead: 'Clock.wall()', exceptIn: ['src/runtime/'] },
  { pattern: /\bperformance\.now\b|\bprocess\.hrtime\b/, instead: 'Clock.monotonic()', exceptIn: ['src/runtime/'] },
  { pattern: /\bMath\.random\b|\brandomUUID\b/, instead: 'Random', exceptIn: ['src/runtime/'] },
  {
    pattern: /\b(setTimeout|setInterval|setImmediate)\b(?!\s*:)(?<!\.setTimeout)/,
    instead: 'Clock.sleep() or Clock.after()',
    exceptIn: ['src/runtime/'],
  },
  { pattern: /\bprocess\.env\b/, instead: 'ProgramIo.env or DriverTools.env', exceptIn: ['src/runtime/'] },
  { pattern: /\bprocess\.(on|once|exit)\b/, instead: 'bin/ and StopSignals', exceptIn: ['src/runtime/'] },
  { pattern: /\bAbortSignal\.timeout\b/, instead: 'deadline(), which outlives the garbage collector', exceptIn: [] },
  { pattern: /\bconsole\.\w+/, instead: 'Logger or ProgramIo.stdout', exceptIn: [] },
  { pattern: /^\s*(export\s+)?(const\s+)?enum\s/m, instead: 'a union of literals', exceptIn: [] },
  { pattern: /\bexport default\b/, instead: 'a named export', exceptIn: [] },
  { pattern: /@ts-(ignore|nocheck)/, instead: 'a type that is true', exceptIn: [] },
];

test.each(BANS.map((it) => [String(it.pattern), it] as const))('%s stays where it is at home', (_title, ban) => {
  const found = sources('src')
    .filter((it) => !ban.exceptIn.some((place) => it.file.startsWith(place)))
    .flatMap((it) =>
      codeOnly(it.text)
        .split('\n')
        .flatMap((line, index) => (ban.pattern.test(line) ? [`${it.file}:${index + 1} (use ${ban.instead})`] : [])),
    );
  expect(found).toEqual([]);
});

test('file names say what they export, in kebab-case', () => {
  const odd = sources('src')
    .map((it) => it.file.split('/').at(-1)!)
    .filter(
      (it) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(it) || /^(utils?|helpers?|managers?|misc|common)\.ts$/.test(it),
    );
  expect(odd).toEqual([]);
});

test('a file is one idea: none is longer than 400 lines', () => {
  const long = sources('src')
    .map((it) => ({ file: it.file, lines: it.text.trimEnd().split('\n').length }))
    .filter((it) => it.lines > 400);
  expect(long).toEqual([]);
});

/**
 * Time passes on purpose in a soak, and where nothing is to happen or a random moment is wanted: such a line says so with a
 * comment that begins with `paced:`.
 */
const PACED = ['tests/support/', 'tests/tidy/', 'tests/simulation/soak'];

test('tests wait for events, not for time', () => {
  const waits = sources('tests')
    .filter((it) => !PACED.some((place) => it.file.startsWith(place)))
    .flatMap((it) => {
      const raw = it.text.split('\n');
      return codeOnly(it.text)
        .split('\n')
        .flatMap((line, index) =>
          /\bsetTimeout\(|\bsystemClock\.sleep\(/.test(line) && !raw[index]!.includes('// paced: ')
            ? [`${it.file}:${index + 1}`]
            : [],
        );
    });
  expect(waits).toEqual([]);
});
