import { reasonLine, tellingLines } from '../../../src/builder/telling-lines';

const at = '2026-11-28 09:44:37.893 | ';
const trace = `${at}+ /usr/lib/img-functions:trap_cleanup:38 :   exit 1`;
const debug = `${at}DEBUG diskimage_builder.block_device.plugin [-] Calling rollback`;
const ran = `${at}DEBUG diskimage_builder.block_device.utils [-] exec_sudo: mkfs.ext4: Input/output error`;
const error = `${at}ERROR diskimage_builder.block_device.blockdevice [-] Create failed; rollback initiated`;

test.each([
  [
    'why it failed, not how it cleared up',
    ['one', ran, error, debug, trace, trace, 'Exit code: 1'],
    3,
    [ran, error, 'Exit code: 1'],
  ],
  ['nested traces neither', ['a', 'b', '+++ x', '++ y', 'c'], 9, ['a', 'b', 'c']],
  ['a log of traces alone as it is', [trace, trace, 'Exit code: 1'], 2, [trace, 'Exit code: 1']],
  ['a plus that traces nothing', ['a', '+1 file', '+', 'b'], 9, ['a', '+1 file', '+', 'b']],
  ['nothing of nothing', [], 5, []],
])('%s', (_title, lines, count, expected) => {
  expect(tellingLines(lines, count)).toEqual(expected);
});

describe('the line that says why', () => {
  test.each([
    ['without what stands before it', [error, 'Exit code: 1'], 'Create failed; rollback initiated'],
    ['of a program that was run', [ran, 'Exit code: 1'], 'mkfs.ext4: Input/output error'],
    [
      'not what is unmounted after it',
      [`${at}E: Unable to locate package nothing`, `${at}Unmount /tmp/dib_build.x/mnt/proc`, 'Exit code: 1'],
      'E: Unable to locate package nothing',
    ],
    ['the last one where none speaks of trouble', ['one', '*** two', 'Exit code: -9'], 'two'],
    ['not the trace', ['it failed', trace, 'Exit code: 1'], 'it failed'],
    ['none', ['', 'Exit code: 1'], undefined],
    ['short enough for a table', [`failed ${'x'.repeat(500)}`], `failed ${'x'.repeat(152)}…`],
  ])('%s', (_title, lines, expected) => {
    expect(reasonLine(lines)).toBe(expected);
  });
});
