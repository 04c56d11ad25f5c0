import type { ProviderConfig } from '../../config/types';
import type { Provider } from '../../drivers/driver';
import type { Store } from '../../store/api';
import { findingsView } from '../../views/findings';
import { compareProvider, type CloudListing, strayRecords } from '../audit/compare';
import type { Records } from '../audit/records';
import { answered, askProviders, chosenProviders } from '../clouds';
import type { Command, CommandContext } from '../context';
import { showList } from '../lists/show-list';

const POLL_SECONDS = 60;

/** What clouds and records, and configured machines and records, disagree on, both ways. Status 1 if there is anything, or if a cloud could not be asked. */
export const run: Command = async (context, [name], options) => {
  const configs = chosenProviders(context, name);
  let status = 0;
  await showList(context, options, {
    shape: findingsView([]),
    pollSeconds: POLL_SECONDS,
    async read() {
      const { findings, isComplete, remark } = await audit(context, configs, name === undefined);
      status = findings.length > 0 || !isComplete ? 1 : 0;
      if (options['watch'] === undefined) context.complain(remark);
      return () => findingsView(findings);
    },
  });
  return options['watch'] === undefined ? status : 0;
};

async function audit(context: CommandContext, configs: readonly ProviderConfig[], isWhole: boolean) {
  const store = await context.store();
  const before = await readRecords(store);
  const asked = await askProviders(context, configs, (provider) => listCloud(provider, context.signal));
  const after = await readRecords(store);
  const answers = answered(context, asked);
  const { installationId: installation, providers } = context.config();
  const findings = answers.flatMap(({ config, answer: cloud }) =>
    compareProvider({ config, installation, cloud }, before, after),
  );
  const strays = isWhole ? strayRecords((it) => providers.has(it), after) : [];
  const all = [...findings, ...strays];
  return { findings: all, isComplete: answers.length === configs.length, remark: remarkOn(answers, all.length) };
}

async function readRecords(store: Store): Promise<Records> {
  const [nodes, images] = await Promise.all([store.nodes.read(), store.images.read('uploads')]);
  return { nodes, images };
}

async function listCloud(provider: Provider, signal: AbortSignal): Promise<CloudListing> {
  const [instances, images, leftovers] = await Promise.all([
    provider.standing === undefined ? provider.list(signal) : undefined,
    provider.images?.list(signal),
    provider.listLeaks?.(signal) ?? [],
  ]);
  return { instances, images, leftovers, machines: provider.standing };
}

function remarkOn(answers: readonly { readonly answer: CloudListing }[], findings: number): string {
  const sum = (part: 'instances' | 'images') =>
    answers.reduce((total, it) => total + (it.answer[part]?.length ?? 0), 0);
  const machines = answers.reduce((total, it) => total + (it.answer.machines?.machines.length ?? 0), 0);
  const counts = [
    `${sum('instances')} instances`,
    `${sum('images')} images`,
    ...(machines === 0 ? [] : [`${machines} machines`]),
  ];
  const compared = `${answers.length} provider(s) compared: ${counts.join(', ')}`;
  return `${compared}; ${findings === 0 ? 'nothing is off' : `${findings} finding(s)`}`;
}
