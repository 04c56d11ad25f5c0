import { type Narrowing, NarrowError } from '../../views/narrow';
import type { Options } from '../context';
import { UsageError } from '../failure';

/** What the options of every list say. */
export function narrowingOf(options: Options): Narrowing {
  const words = (key: string) => {
    const value = options[key];
    return typeof value === 'string' ? value.split(',').map((it) => it.trim()) : undefined;
  };
  const [fields, sort, filters] = [words('fields'), words('sort'), options['filter']];
  return {
    ...(fields === undefined ? {} : { fields }),
    ...(sort === undefined ? {} : { sort }),
    ...(Array.isArray(filters) ? { filters: filters as readonly string[] } : {}),
  };
}

const FLAGS = { fields: '--fields', filters: '--filter', sort: '--sort' } as const;

/** Runs `work`; what it finds wrong with the options is told as argparse tells it. */
export function asUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof NarrowError) throw new UsageError(`argument ${FLAGS[error.option]}: ${error.message}`);
    throw error;
  }
}
