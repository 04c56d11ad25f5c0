/** The environment variables of this process: the one place that reads them, so that rooms can be handed another set. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
