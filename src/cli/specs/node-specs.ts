import { ANY_PROVIDER, FORMAT, LIST_OPTIONS, NODES, PROVIDER } from './options';
import type { CommandSpec } from './spec';

/** Commands about nodes and instances. */
export const NODE_SPECS: readonly CommandSpec[] = [
  {
    name: 'list',
    summary: 'list nodes',
    options: [{ flags: '--detail', help: 'Output detailed node info' }, ...LIST_OPTIONS],
    examples: [
      ['nodepool list --filter state=ready --filter label=small', 'nodes that are ready and serve the label small'],
      [
        "nodepool list --filter 'age>2h' --sort -age --fields id,provider,state,age,comment",
        'the old ones, oldest first',
      ],
      ['nodepool list --watch', 'the table, kept up to date until Ctrl-C'],
    ],
  },
  {
    name: 'delete',
    summary: 'place a node in the DELETE state',
    args: [NODES],
    options: [{ flags: '--now', help: 'delete the node in the foreground' }, FORMAT],
    details: ['Leading zeros of an id may be left out.'],
  },
  {
    name: 'hold',
    summary: 'place a node in the HOLD state e.g. for running maintenance tasks',
    args: [NODES],
    options: [
      { flags: '--reason <TEXT>', help: 'Optional reason this node is held' },
      {
        flags: '--hold-time <TIME>',
        help: 'delete the node after it was held that long: 90s, 15m, 2h, 1d (default: max-hold-age of the configuration)',
      },
      FORMAT,
    ],
    examples: [["nodepool hold 12 --reason 'disk errors' --hold-time 2d", 'keeps node 0000000012 for two days']],
  },
  {
    name: 'ssh',
    summary: 'log in to a node, or run a command on it',
    usage: '[options] <id> [-- command...]',
    args: [
      { name: 'id', help: 'node id', completes: 'node' },
      { name: 'command', help: 'command to run on the node; put -- before it', optional: true, variadic: true },
    ],
    options: [
      { flags: '--user <USER>', help: 'log in as USER (default: the user of the record)' },
      { flags: '-i, --identity <FILE>', help: 'private key to log in with', completes: 'file' },
      { flags: '--insecure', help: 'connect although the record has no host keys to check' },
    ],
    details: [
      'Runs ssh(1) with address, port and user of the record, whatever state the node is in. Only the host keys of the record ' +
        'are accepted; your own known_hosts file is neither read nor changed.',
      'The exit status is that of ssh: that of the command, or 255 if no connection could be made.',
    ],
    examples: [
      ['nodepool ssh 12', 'a shell on node 0000000012'],
      ['nodepool ssh 12 -- journalctl -b | less', 'what a command says there'],
    ],
  },
  {
    name: 'alien-list',
    summary: 'list nodes not accounted for by nodepool',
    args: [ANY_PROVIDER],
    options: LIST_OPTIONS,
    details: [
      'Servers that the accounts of the configured providers show and that no node record knows, also those of others. A ' +
        'provider that cannot be asked is named on standard error and left out.',
    ],
  },
  {
    name: 'audit',
    summary: 'compare what the clouds have with the records, both ways',
    args: [ANY_PROVIDER],
    options: LIST_OPTIONS,
    details: [
      'Lists instances of ours without a node, nodes without an instance, images of ours without an upload record, READY ' +
        'uploads without an image, and records of providers that are not configured. What is being made or deleted at the ' +
        'moment is not counted; what belongs to others in the same account is not looked at (see alien-list).',
      'Of providers with machines that are there already (driver static) the configuration is compared with the records, and no ' +
        'machine is asked: machines, or slots of theirs, without a node (not registered yet, or the last look at the machine ' +
        'failed), nodes whose machine is not configured any more or that no slot is left for, machines that are configured twice.',
      'Exit status: 0 if nothing is off, 1 if anything is or if a provider could not be asked.',
    ],
  },
  {
    name: 'info',
    summary: 'Show provider data from zookeeper',
    args: [PROVIDER],
    options: [{ ...FORMAT, choices: ['table', 'json', 'yaml'] }],
    details: ['As JSON and YAML: one object with `provider`, `images` and `nodes`.'],
  },
  {
    name: 'erase',
    summary: 'Erase provider data from zookeeper',
    args: [PROVIDER],
    options: [{ flags: '--force', help: 'Bypass the warning prompt' }],
  },
];
