import type { View } from '../views/column';
import { csvText, jsonText, yamlText } from '../views/serialize';
import { tableText } from '../views/table';
import type { CommandContext, Options } from './context';

const PRINTERS = { table: tableText, json: jsonText, yaml: yamlText, csv: csvText };

/** A list in the format of `--format`; the table is the Python tool's. */
export function formatView<Row>(view: View<Row>, format: Options[string]): string {
  return PRINTERS[(format as keyof typeof PRINTERS | undefined) ?? 'table'](view);
}

/** Whether what is printed is for programs, which expect a list, even an empty one, and nothing else. */
export function isDocument(options: Options): boolean {
  return (options['format'] ?? 'table') !== 'table';
}

/** Prints a list in the format that was asked for. */
export function printView<Row>(context: CommandContext, options: Options, view: View<Row>): Promise<void> {
  return context.print(formatView(view, options['format']));
}

/** Says what is no part of the list: on standard output, as the Python tool does, where that is no document to be read by programs. */
export async function remark(context: CommandContext, options: Options, text: string): Promise<void> {
  if (isDocument(options)) context.complain(text);
  else await context.print(`${text}\n`);
}

/** Says on standard error which records could not be read; the others are shown. */
export function complainOfBroken(
  context: CommandContext,
  entries: Iterable<{ readonly name: string; readonly broken: string | undefined }>,
): void {
  for (const { name, broken } of entries) {
    if (broken !== undefined && broken !== 'empty') context.complain(`${name} cannot be read: ${broken}`);
  }
}
