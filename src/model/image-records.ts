import { codec } from './codec';
import { type Field, state, stateTime, text } from './field';
import { RecordError } from './record-error';
import { BUILD_STATES, type ImageBuild, type ImageUpload, UPLOAD_STATES } from './records';

/** `"qcow2,raw"`: sorted names in one string; the key is omitted when there are none (zk-tree 4). */
const formats: Field<readonly string[]> = {
  key: 'formats',
  missing: () => [],
  read: (value) => {
    if (value === null) return [];
    if (typeof value !== 'string') throw new RecordError('formats is not a string');
    return sortedFormats(value.split(','));
  },
  print: (value) => (value.length === 0 ? undefined : JSON.stringify(sortedFormats(value).join(','))),
};

/** Sorted, without duplicates and blanks. */
export function sortedFormats(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((it) => it.trim()).filter((it) => it !== ''))].sort();
}

const omittedIfNull = (field: Field<string | null>): Field<string | null> => ({
  ...field,
  print: (value) => (value === null ? undefined : field.print(value)),
});

const build = codec<ImageBuild>({
  state: state(BUILD_STATES),
  stateTime,
  builder: omittedIfNull(text('builder')),
  builderId: omittedIfNull(text('builder_id')),
  formats,
  username: text('username', 'zuul'),
  pythonPath: text('python_path', '/usr/bin/python2'),
  shellType: text('shell_type'),
});

const upload = codec<ImageUpload>({
  state: state(UPLOAD_STATES),
  stateTime,
  externalId: text('external_id'),
  externalName: text('external_name'),
  format: text('format'),
  username: text('username', 'zuul'),
  pythonPath: text('python_path', '/usr/bin/python2'),
  shellType: text('shell_type'),
});

/** zk-tree 4. */
export const { parse: parseBuild, print: printBuild } = build;
/** zk-tree 5. */
export const { parse: parseUpload, print: printUpload } = upload;

/** A build as it begins: who builds it and for which formats; the rest is filled in when it is done. */
export function newBuild(it: {
  readonly builder: string;
  readonly builderId: string;
  readonly formats: readonly string[];
  readonly stateTime: number;
}): ImageBuild {
  return {
    state: 'building',
    stateTime: it.stateTime,
    builder: it.builder,
    builderId: it.builderId,
    formats: sortedFormats(it.formats),
    username: null,
    pythonPath: null,
    shellType: null,
  };
}

/** An upload as it begins, with what the image tells its users. */
export function newUpload(it: {
  readonly stateTime: number;
  readonly username: string | null;
  readonly pythonPath: string | null;
  readonly shellType: string | null;
}): ImageUpload {
  return {
    state: 'uploading',
    stateTime: it.stateTime,
    externalId: null,
    externalName: null,
    format: null,
    username: it.username,
    pythonPath: it.pythonPath,
    shellType: it.shellType,
  };
}
