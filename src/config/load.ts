import { readFileSync, statSync } from 'node:fs';
import type { Environment } from './document';
import { readTrouble } from './file-trouble';
import type * as Parse from './parse';
import type * as ParseZooKeeper from './parse-zookeeper';
import { plainZooKeeper } from './plain-zookeeper';
import { ConfigError, type Problem } from './problem';
import type { Config, ZooKeeperConfig } from './types';

/* eslint-disable @typescript-eslint/no-require-imports -- the schema takes its time: commands do without as long as they can */

export interface ConfigFiles {
  readonly file: string;
  readonly secureFile?: string | undefined;
}

export interface LoadOptions extends ConfigFiles {
  /** For the substitution of `%(NODEPOOL_…)`. */
  readonly env: Environment;
  readonly schemas: Parse.DriverSchemas;
  /** Told of everything that does not stop the file from loading. */
  readonly onWarning?: (problem: Problem) => void;
}

/** Reads and resolves the configuration. Throws `ConfigError` with all problems if it cannot be used. */
export function loadConfig(options: LoadOptions): Config {
  const { config, problems } = readConfig(options);
  if (config === undefined) throw new ConfigError(problems);
  for (const it of problems) options.onWarning?.(it);
  return config;
}

/** Reads the files and says all about them, without throwing for what they contain; `ConfigError` if one cannot be read. */
export function readConfig(options: Omit<LoadOptions, 'onWarning'>): Parse.ParsedConfig {
  const { main, secure } = readTexts(options);
  return (require('./parse') as typeof Parse).parseConfig(main, secure, options.env, options.schemas);
}

/** Only where ZooKeeper is; throws `ConfigError` if that cannot be told. The rest of the file may be wrong. */
export function loadZooKeeper(options: Omit<LoadOptions, 'schemas'>): ZooKeeperConfig {
  const { main, secure } = readTexts(options);
  const plain = secure === undefined ? plainZooKeeper(main.text, options.env) : undefined;
  if (plain !== undefined) return plain;
  const { parseZooKeeper } = require('./parse-zookeeper') as typeof ParseZooKeeper;
  const { zookeeper, problems } = parseZooKeeper(main, secure, options.env);
  if (zookeeper === undefined) throw new ConfigError(problems);
  for (const it of problems) options.onWarning?.(it);
  return zookeeper;
}

/** What names the files on every command line. */
const MAIN = '-c FILE';
const SECURE = '-s FILE';

function readTexts({ file, secureFile }: ConfigFiles) {
  return {
    main: { file, text: readText(file, MAIN) },
    secure: secureFile === undefined ? undefined : { file: secureFile, text: readText(secureFile, SECURE) },
  };
}

/**
 * A text that differs whenever one of the files may have changed: compare for inequality, so that going back in time
 * counts, too (config.md 13). Throws `ConfigError` if a file is missing.
 */
export function configStamp({ file, secureFile }: ConfigFiles): string {
  const stamp = (it: string, flag: string) => String(reading(it, flag, () => statSync(it, { bigint: true }).mtimeNs));
  return [stamp(file, MAIN), ...(secureFile === undefined ? [] : [stamp(secureFile, SECURE)])].join(' ');
}

function readText(file: string, flag: string): string {
  return reading(file, flag, () => readFileSync(file, 'utf8'));
}

function reading<T>(file: string, flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { why, hint: todo } = readTrouble(error);
    const hint = `${todo}; ${flag} names it`;
    throw new ConfigError(
      [{ file, key: '', message: `cannot be read: ${why}`, hint, atLoad: 'error', atValidate: 'error' }],
      { cause: error },
    );
  }
}
