import type { View } from '../views/column';
import { csvText, jsonText, yamlText } from '../views/serialize';
import { tableText } from '../views/table';
import type { CommandContext, Options } from './context';

/** Prints a list in the format that was asked for; the table is the Python tool's. */
export function printView<Row>(context: CommandContext, options: Options, view: View<Row>): Promise<void> {
  const printers = { table: tableText, json: jsonText, yaml: yamlText, csv: csvText };
  return context.print(printers[(options['format'] as keyof typeof printers | undefined) ?? 'table'](view));
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
