import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** What a test needs of the machine beyond Node, by the names of `bin/lib/host-check`. */
export type Requirement = 'root' | 'build' | 'machines' | 'ssh' | 'loop' | 'mount' | 'namespaces';

/** All that building an image takes. */
export const BUILD: readonly Requirement[] = ['root', 'build', 'loop', 'mount', 'namespaces'];

type Answers = Readonly<Record<string, { readonly ok: boolean; readonly remark: string }>>;
let answers: Answers | undefined;

/** What of it this machine lacks, with the reason: `root: images are built as root`. Empty where all is there. */
export function missing(needs: readonly Requirement[]): readonly string[] {
  answers ??= ask();
  return needs.filter((it) => answers?.[it]?.ok !== true).map((it) => `${it}: ${answers?.[it]?.remark ?? 'unknown'}`);
}

/**
 * `describe` where the machine has what it takes; elsewhere the tests are skipped, and the title says why in the form
 * that `SKIP_REASON` recognises, so that no skip goes unexplained.
 */
export function describeWith(needs: readonly Requirement[], title: string, body: () => void): void {
  const reasons = missing(needs);
  if (reasons.length === 0) describe(title, body);
  else describe.skip(`${title} (this machine lacks ${reasons.join(', ')})`, body);
}

/** In the full name of a test that was skipped for want of something. */
export const SKIP_REASON = /\(this machine lacks (.+?)\)/;

function ask(): Answers {
  const check = spawnSync(join(__dirname, '..', '..', 'bin', 'lib', 'host-check'), ['--json'], { encoding: 'utf8' });
  if (check.error !== undefined) throw check.error;
  return JSON.parse(check.stdout) as Answers;
}
