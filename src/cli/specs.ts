import { launcherSpecs } from './launcher-specs';

/**
 * Every command as data: what `--help` says, what is parsed, and which file runs it. Texts are those of the Python tool
 * (cli.md 4.1) where it has the command.
 */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly args?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** What follows the command's name in its usage, where the arguments do not say it. */
  readonly usage?: string;
  /** File below `commands/`; its name if not given. */
  readonly module?: string;
}

export interface ArgumentSpec {
  /** As shown in usage: `id`. */
  readonly name: string;
  readonly help: string;
  /** May be left out at the end of the line. */
  readonly optional?: boolean;
}

export interface OptionSpec {
  /** In commander's notation: `--build-id <build-id>`. */
  readonly flags: string;
  readonly help: string;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** The old order: the provider may be left out, though it stands first. */
const UPLOAD_ARGS: readonly ArgumentSpec[] = [
  { name: 'provider', help: 'provider name (`all`, the default, for uploading to all providers)' },
  { name: 'image', help: 'image name', optional: true },
];

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '-l <FILE>', help: 'path to log config file' },
  { flags: '--version', help: 'show nodepool version' },
  { flags: '-c <FILE>', help: 'path to config file (default: /etc/nodepool/nodepool.yaml)' },
  { flags: '-s <FILE>', help: 'path to secure file' },
  { flags: '--debug', help: 'show DEBUG level logging' },
  {
    flags: '--timeout <SECONDS>',
    help: 'give up when ZooKeeper cannot be reached for that long; 0 waits for ever (default: 30)',
  },
];

const FORMAT: OptionSpec = {
  flags: '--format <FORMAT>',
  help: 'table, json, yaml or csv',
  choices: ['table', 'json', 'yaml', 'csv'],
  default: 'table',
};
const IMAGE: ArgumentSpec = { name: 'image', help: 'image name' };
const NODE: ArgumentSpec = { name: 'id', help: 'node id' };

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'list',
    summary: 'list nodes',
    options: [{ flags: '--detail', help: 'Output detailed node info' }, FORMAT],
  },
  { name: 'image-list', summary: 'list images from providers', options: [FORMAT] },
  { name: 'dib-image-list', summary: 'list images built with diskimage-builder', options: [FORMAT] },
  { name: 'image-status', summary: 'list image status', options: [FORMAT] },
  {
    name: 'image-build',
    summary: 'build image using diskimage-builder',
    args: [IMAGE],
    options: [{ flags: '--wait', help: 'show the build and its uploads until they are done; status 1 if one fails' }],
  },
  {
    name: 'image-log',
    summary: 'show the log of an image build, from whichever builder has it',
    args: [{ name: 'build', help: 'build id, or image name for its last build' }],
    options: [{ flags: '-f, --follow', help: 'follow it until the build ends; status 1 if it fails' }],
  },
  { name: 'image-history', summary: 'list what became of the builds of an image', args: [IMAGE], options: [FORMAT] },
  {
    name: 'image-upload',
    summary: 'upload the latest build of an image again, now',
    usage: '[options] [provider] <image>',
    args: UPLOAD_ARGS,
  },
  {
    name: 'image-update',
    summary: 'rebuild the image and upload to provider',
    usage: '[options] [provider] <image>',
    args: UPLOAD_ARGS,
  },
  {
    name: 'delete',
    summary: 'place a node in the DELETE state',
    args: [NODE],
    options: [{ flags: '--now', help: 'delete the node in the foreground' }],
  },
  {
    name: 'hold',
    summary: 'place a node in the HOLD state e.g. for running maintenance tasks',
    args: [NODE],
    options: [{ flags: '--reason <TEXT>', help: 'Optional reason this node is held' }],
  },
  {
    name: 'image-delete',
    summary: 'delete an image',
    options: [
      { flags: '--provider <PROVIDER>', help: 'provider name', required: true },
      { flags: '--image <IMAGE>', help: 'image name', required: true },
      { flags: '--upload-id <UPLOAD_ID>', help: 'image upload id', required: true },
      { flags: '--build-id <BUILD_ID>', help: 'image build id', required: true },
    ],
  },
  {
    name: 'dib-image-delete',
    summary: 'Delete a dib built image from disk along with all cloud uploads of this image',
    args: [{ name: 'id', help: 'dib image id' }],
  },
  {
    name: 'config-validate',
    summary: 'Validate configuration file',
    options: [
      { flags: '--format <FORMAT>', help: 'text or json', choices: ['text', 'json'], default: 'text' },
      { flags: '--strict', help: 'count warnings as errors' },
    ],
  },
  { name: 'request-list', summary: 'list the current node requests', options: [FORMAT] },
  {
    name: 'info',
    summary: 'Show provider data from zookeeper',
    args: [{ name: 'PROVIDER', help: 'Provider name' }],
  },
  {
    name: 'erase',
    summary: 'Erase provider data from zookeeper',
    args: [{ name: 'PROVIDER', help: 'Provider name' }],
    options: [{ flags: '--force', help: 'Bypass the warning prompt' }],
  },
  { name: 'image-pause', summary: 'pause an image', args: [IMAGE] },
  { name: 'image-unpause', summary: 'unpause an image', args: [IMAGE] },
  {
    name: 'export-image-data',
    summary: 'Export image data from ZooKeeper',
    args: [{ name: 'path', help: 'Export file path' }],
  },
  {
    name: 'import-image-data',
    summary: 'Import image data to ZooKeeper',
    args: [{ name: 'path', help: 'Import file path' }],
  },
  { name: 'component-list', summary: 'list builders, launchers and their pools', options: [FORMAT] },
  ...launcherSpecs(FORMAT),
];
