import { FORMAT, LIST_OPTIONS } from './options';
import type { CommandSpec } from './spec';

/** Commands about node requests and jobs; the texts of the job commands are those of the releases that had them (cli.md 10.2). */
export const REQUEST_SPECS: readonly CommandSpec[] = [
  { name: 'request-list', summary: 'list the current node requests', options: LIST_OPTIONS },
  {
    name: 'explain',
    summary: 'say what a node request waits for, pool by pool',
    args: [{ name: 'request', help: 'request id', completes: 'request' }],
    options: LIST_OPTIONS,
  },
  {
    name: 'request',
    summary: 'ask for nodes as a scheduler does',
    usage: '[options] <label...>',
    args: [{ name: 'label', help: 'label of each node; they come from one pool', variadic: true, completes: 'label' }],
    options: [
      { flags: '--wait', help: 'wait for the nodes, saying what for; then hold them and say how to reach them' },
      { flags: '--count <N>', help: 'so many nodes of each label', default: '1' },
      {
        flags: '--priority <PRIORITY>',
        help: 'high, normal, low, or a number: lower is served first',
        default: 'normal',
      },
      {
        flags: '--provider <PROVIDER>',
        help: 'rather nodes of this provider: others serve it only where this one cannot',
        completes: 'provider',
      },
      { flags: '--tenant <TENANT>', help: 'count the nodes to this tenant' },
      { flags: '--new', help: 'only nodes that are booted for this request' },
      { flags: '--reason <TEXT>', help: 'what the nodes are for, shown by list --detail' },
      { flags: '--hold-time <TIME>', help: 'with --wait: delete the nodes after that long', default: '8h' },
      FORMAT,
    ],
    details: [
      'Without --wait the request is filed and its id printed. Nodes that it gets stay its own, ready and unlocked, until ' +
        '`nodepool release` gives them back.',
      'With --wait the request lives as long as the command: Ctrl-C, or a lost terminal, takes it back. Nodes that come are put ' +
        'in the state hold with your name as comment, so that they stay when the command has ended; they are deleted by ' +
        '`nodepool release`, or by the launcher after the hold time. What is waited for is told on standard error. Exit ' +
        'status 1 if the request failed.',
    ],
    examples: [
      ['nodepool request small --wait', 'a node to log in to'],
      ['nodepool request small large --count 2 --wait --hold-time 1h --format json', 'four nodes, for a script'],
    ],
  },
  {
    name: 'release',
    summary: 'give back nodes, or a request with all its nodes',
    args: [{ name: 'id', help: 'node id or request id', variadic: true, completes: 'node' }],
    options: [{ flags: '--force', help: 'also what a scheduler asked for' }, FORMAT],
    details: [
      'The nodes become `used`: the launcher deletes them, and makes fresh ones. A request that still waits is taken back. Nodes ' +
        'that somebody works on are locked, and stay.',
    ],
  },
  {
    name: 'job-create',
    summary: 'create job',
    args: [{ name: 'name', help: 'job name' }],
    options: [{ flags: '--hold-on-failure <N>', help: 'number of nodes to hold when this job fails', default: '0' }],
  },
  { name: 'job-list', summary: 'list jobs', options: LIST_OPTIONS },
  { name: 'job-delete', summary: 'delete job', args: [{ name: 'id', help: 'job id', completes: 'job' }] },
];
