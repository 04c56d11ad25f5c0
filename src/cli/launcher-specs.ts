import type { CommandSpec, OptionSpec } from './specs';

/** Commands about launchers and jobs; the texts of the job commands are those of the releases that had them (cli.md 10.2). */
export function launcherSpecs(format: OptionSpec): readonly CommandSpec[] {
  return [
    {
      name: 'explain',
      summary: 'say what a node request waits for, pool by pool',
      args: [{ name: 'request', help: 'request id' }],
      options: [format],
    },
    {
      name: 'drain',
      summary: 'let a launcher finish what it has in hand, take nothing new, and end',
      args: [{ name: 'launcher', help: 'host of the launcher, or its id as component-list shows it' }],
    },
    {
      name: 'job-create',
      summary: 'create job',
      args: [{ name: 'name', help: 'job name' }],
      options: [
        { flags: '--hold-on-failure <N>', help: 'number of nodes to hold when this job fails', required: true },
      ],
    },
    { name: 'job-list', summary: 'list jobs', options: [format] },
    { name: 'job-delete', summary: 'delete job', args: [{ name: 'id', help: 'job id' }] },
  ];
}
