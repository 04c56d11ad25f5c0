import { COMPLETIONS, type CommandSpec } from './spec';
import { LIST_OPTIONS } from './options';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Commands about the fleet as a whole, and about this program. */
export const FLEET_SPECS: readonly CommandSpec[] = [
  { name: 'component-list', summary: 'list builders, launchers and their pools', options: LIST_OPTIONS },
  {
    name: 'label-list',
    summary: 'list the labels that launchers offer',
    options: [{ flags: '--detail', help: 'also the pools that offer it, and its nodes' }, ...LIST_OPTIONS],
  },
  {
    name: 'top',
    summary: 'show nodes, requests, images and components live',
    options: [{ flags: '--once', help: 'print the overview once, as is done where no terminal is' }],
    details: [
      'Keys: o overview, n nodes, r requests, i images, c components; up, down, page up, page down, home to scroll; q ends.',
    ],
  },
  {
    name: 'drain',
    summary: 'let a launcher finish what it has in hand, take nothing new, and end',
    args: [
      {
        name: 'launcher',
        help: 'host of the launcher, or its id as component-list shows it',
        completes: 'launcher',
      },
    ],
  },
  {
    name: 'config-validate',
    summary: 'Validate configuration file',
    options: [
      { flags: '--format <FORMAT>', help: 'text or json', choices: ['text', 'json'], default: 'text' },
      { flags: '--strict', help: 'count warnings as errors' },
    ],
    details: [
      'Errors are what the validator of the Python tool rejects. What only the daemons reject is a warning that says so, and so is ' +
        'everything about a secure file (-s), which that validator does not read.',
    ],
  },
  {
    name: 'completion',
    summary: 'print what completes this command line in a shell',
    args: [{ name: 'shell', help: SHELLS.join(', '), choices: SHELLS }],
    details: [
      'Ids and names are asked for in ZooKeeper as you type; without it, only commands and options are offered.',
    ],
    examples: [
      ['nodepool completion bash > /etc/bash_completion.d/nodepool', 'for all users of bash'],
      ['nodepool completion zsh > /usr/local/share/zsh/site-functions/_nodepool', 'for all users of zsh'],
      ['nodepool completion fish > ~/.config/fish/completions/nodepool.fish', 'for yourself in fish'],
    ],
  },
  {
    name: 'complete',
    summary: 'print what may stand in a place of the command line, for completion',
    args: [{ name: 'kind', help: COMPLETIONS.join(', '), choices: COMPLETIONS }],
    hidden: true,
  },
  {
    name: 'help',
    summary: 'show what a command does and takes',
    args: [{ name: 'command', help: 'command', optional: true, completes: 'command' }],
  },
];
