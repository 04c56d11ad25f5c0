import { hostname } from 'node:os';
import { orderDrain } from '../../store/drains';
import type { Command } from '../context';
import { CommandError } from '../failure';

/** Tells launchers, by host or by component, to finish what they have in hand and to end. */
export const run: Command = async (context, [wanted = '']) => {
  const store = await context.store();
  const { launcher: all } = await store.components.read();
  const shortName = (it: string) => it.split('.')[0];
  const exact = all.filter((it) => it.znode === wanted || it.component.hostname === wanted);
  const meant = exact.length > 0 ? exact : all.filter((it) => shortName(it.component.hostname) === wanted);
  if (meant.length === 0) throw new CommandError(`Launcher ${wanted} not found${knownText(all)}`);
  const by = `nodepool drain on ${hostname()}`;
  const parts = { zk: store.zk, ...context };
  const answers = await Promise.all(meant.map(({ znode }) => orderDrain(parts, znode, by, context.signal)));
  for (const [at, { znode }] of meant.entries()) {
    if (answers[at] === 'deaf')
      context.complain(`launcher ${znode} does not listen to orders; send it the signal USR1`);
    else if (answers[at] === 'gone') await context.print(`Launcher ${znode} has ended already\n`);
    else await context.print(`Launcher ${znode} finishes what it has and ends\n`);
  }
  return answers.includes('deaf') ? 1 : 0;
};

function knownText(launchers: readonly { readonly component: { readonly hostname: string } }[]): string {
  const hosts = [...new Set(launchers.map((it) => it.component.hostname))].sort();
  return hosts.length === 0 ? ': no launcher is running' : ` (there are: ${hosts.join(', ')})`;
}
