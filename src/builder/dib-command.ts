import type { DiskImageConfig } from '../config/types';
import { shellWords } from './shell-words';

/** What one run of the image tool is given. */
export interface DibRun {
  readonly image: DiskImageConfig;
  readonly formats: ReadonlySet<string>;
  /** `<images-dir>/<image>-<build id>`. */
  readonly prefix: string;
  readonly elementsDir: string | undefined;
  /** Of this build alone, known before the start so that a restarted builder finds it. */
  readonly tempDir: string;
  /** What `%p` in `dib-cmd` stands for: the folder of this package (in Python, that of its package). */
  readonly packageDir: string;
}

/** The words of the command line (builder.md 5.2). */
export function dibWords(run: DibRun): readonly string[] {
  const types = typesInOrder(run.formats).join(',');
  return [
    ...shellWords(run.image.dibCmd.replaceAll('%p', run.packageDir)),
    '-x',
    '-t',
    types,
    '--checksum',
    '--no-tmpfs',
    ...(types.includes('qcow2') ? ['--qemu-img-options', 'compat=0.10'] : []),
    '-o',
    run.prefix,
    ...run.image.elements.flatMap(shellWords),
  ];
}

/** The tool makes a squashfs only if that is the first type it is asked for; for all others the order means nothing. */
function typesInOrder(formats: ReadonlySet<string>): readonly string[] {
  const sorted = [...formats].sort();
  return [...sorted.filter((it) => it === 'squashfs'), ...sorted.filter((it) => it !== 'squashfs')];
}

/**
 * The environment of the tool (builder.md 5.1). `TMPDIR` of the daemon is taken out: package scripts in the chroot would
 * inherit it and fail, because that folder is not there.
 */
export function dibEnvironment(
  run: DibRun,
  daemon: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return {
    ...daemon,
    TMPDIR: undefined,
    DIB_RELEASE: run.image.release,
    DIB_IMAGE_NAME: run.image.name,
    DIB_IMAGE_FILENAME: run.prefix,
    ...(run.elementsDir === undefined ? {} : { ELEMENTS_PATH: run.elementsDir }),
    ...run.image.envVars,
    TMP_DIR: run.tempDir,
  };
}
