import type { SHELLS } from '../specs/fleet-specs';
import { bashScript } from './bash';
import { fishScript } from './fish';
import { zshScript } from './zsh';

export type Shell = (typeof SHELLS)[number];

/** The completion of a shell, as text to be read by it. */
export function completionScript(shell: Shell): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell]();
}
