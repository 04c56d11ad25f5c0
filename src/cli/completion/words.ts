import { COMMANDS, type CommandSpec, GLOBAL_OPTIONS, type OptionSpec } from '../specs';
import { type ArgumentSpec, longFlag, shortFlag, valueOf } from '../specs/spec';

/** Where the words for a place come from. */
export type Source =
  | { readonly from: 'words'; readonly words: readonly string[] }
  | { readonly from: 'files' }
  /** `nodepool complete KIND` */
  | { readonly from: 'tree'; readonly kind: string }
  /** Something is to stand there, and nobody knows what. */
  | { readonly from: 'user' };

/** A switch with its spellings; `value` if it takes one. */
export interface Flag {
  readonly names: readonly string[];
  readonly help: string;
  readonly value: Source | undefined;
}

export const VISIBLE: readonly CommandSpec[] = COMMANDS.filter((it) => it.hidden !== true);
export const GLOBAL_FLAGS: readonly Flag[] = [...GLOBAL_OPTIONS.map(toFlag), helpFlag()];

export function flagsOf(spec: CommandSpec): readonly Flag[] {
  return [...(spec.options ?? []).map(toFlag), helpFlag()];
}

/** Of each argument; the last stands for all that follow if `more`. */
export function argumentsOf(spec: CommandSpec): { readonly sources: readonly Source[]; readonly more: boolean } {
  const args = spec.args ?? [];
  return { sources: args.map(sourceOf), more: args.at(-1)?.variadic === true };
}

function toFlag(spec: OptionSpec): Flag {
  const names = [shortFlag(spec), longFlag(spec)].filter((it) => it !== undefined);
  // An optional value stands behind `=`, so the next word is none.
  const value = valueOf(spec)?.startsWith('<') === true ? sourceOf(spec) : undefined;
  return { names: [...new Set(names)], help: spec.help, value };
}

function helpFlag(): Flag {
  return { names: ['-h', '--help'], help: 'display help', value: undefined };
}

function sourceOf({ choices, completes }: Pick<ArgumentSpec, 'choices' | 'completes'>): Source {
  if (choices !== undefined) return { from: 'words', words: choices };
  if (completes === 'file') return { from: 'files' };
  return completes === undefined ? { from: 'user' } : { from: 'tree', kind: completes };
}
