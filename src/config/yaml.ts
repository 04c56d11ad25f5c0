import yaml from 'js-yaml';
import type { KeyPath, Position } from './problem';
import { PositionIndex, type ParserState } from './yaml-positions';
import { YAML_1_1 } from './yaml-types';

/** A document read as Python reads it, and where its parts stand. */
export interface YamlDocument {
  /** Undefined for a file without any content. */
  readonly value: unknown;
  locate(path: KeyPath): Position | undefined;
}

/** The text is not one YAML document. */
export class YamlError extends Error {
  override readonly name = 'YamlError';

  constructor(
    message: string,
    readonly position: Position | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Reads YAML 1.1, last duplicate key wins, one document (config.md 1). Throws `YamlError`. */
export function readYaml(text: string): YamlDocument {
  const clean = text.replace(/^\uFEFF/, '').replace(/\r\n/g, '\n');
  const positions = new PositionIndex(clean);
  const listener = (event: 'open' | 'close', state: unknown) => positions.listen(event, state as ParserState);
  // `json` lets the last of equal keys win; the deep limit and the merge limit of js-yaml stay.
  const options = { schema: YAML_1_1, json: true, listener, filename: '' } as yaml.LoadOptions;
  try {
    const value = yaml.load(clean, options);
    const { repeatedAnchor: anchor } = positions;
    if (anchor !== undefined) throw new YamlError(`anchor "${anchor.name}" is defined twice`, anchor.position);
    return { value, locate: (path) => positions.locate(value, path) };
  } catch (error) {
    if (!(error instanceof yaml.YAMLException)) throw error;
    const mark = error.mark as { line: number; column: number } | undefined;
    const position = mark === undefined ? undefined : { line: mark.line + 1, column: mark.column + 1 };
    throw new YamlError(error.reason ?? error.message, position, { cause: error });
  }
}
