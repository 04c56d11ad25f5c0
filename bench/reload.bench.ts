import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { startFarm } from './farm';
import { type Goal, median, printReport, rounded } from './report';

const PROVIDERS = 56;
const LABELS = 400;
const IMAGES = 50;
const ROUNDS = 6;
const GOALS: readonly Goal[] = [
  { metric: 'file_mb', goal: '>=3' },
  { metric: 'reload_ms', goal: '<=500' },
  { metric: 'first_reload_ms', goal: '<=500' },
];

/**
 * How long a launcher is busy with a changed file of 3 MB: read, checked, compared, applied. One pool's limit changes each
 * time. The second in which it notices is not counted.
 */
export async function run(): Promise<void> {
  const farm = await startFarm();
  try {
    const launcher = await farm.launcher(`ZOOKEEPER\n${configText(1)}`);
    const text = readFileSync(launcher.file, 'utf8');
    const head = text.slice(0, text.indexOf('labels:'));
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      writeFileSync(launcher.file, head + configText(2 + round));
      const line = await launcher.untilSaid('configuration is reloaded', round + 1);
      const ms = Number(/ms=(\d+)/.exec(line)?.[1]);
      if (!line.includes('replaced=["cloud-0"]')) throw new Error(`not what was changed: ${line}`);
      times.push(ms);
    }
    const metrics = {
      file_mb: rounded(statSync(launcher.file).size / 1e6),
      first_reload_ms: times[0]!,
      reload_ms: median(times),
    };
    printReport('reload', metrics, GOALS);
  } finally {
    await farm.stop();
  }
}

function configText(maxServers: number): string {
  const many = (count: number, text: (at: number) => string) => Array.from({ length: count }, (_, at) => text(at));
  return [
    'labels:',
    ...many(LABELS, (at) => `  - name: label-${at}\n    max-ready-age: 3600`),
    'diskimages:',
    ...many(IMAGES, (at) => `  - name: image-${at}\n    elements: [debian, vm, simple-init]\n    release: bookworm`),
    'providers:',
    ...many(PROVIDERS, (at) => providerText(at, at === 0 ? maxServers : 100)),
    '',
  ].join('\n');
}

function providerText(number: number, maxServers: number): string {
  const diskImages = Array.from({ length: IMAGES }, (_, at) => `      - name: image-${at}`);
  const labels = Array.from({ length: LABELS }, (_, at) =>
    [
      `          - name: label-${at}`,
      `            diskimage: image-${at % IMAGES}`,
      '            min-ram: 1024',
      '            key-name: zuul',
      '            console-log: true',
    ].join('\n'),
  );
  return [
    `  - name: cloud-${number}`,
    '    driver: fake',
    '    cloud: fake',
    '    diskimages:',
    ...diskImages,
    '    pools:',
    '      - name: main',
    `        max-servers: ${maxServers}`,
    '        labels:',
    ...labels,
  ].join('\n');
}
