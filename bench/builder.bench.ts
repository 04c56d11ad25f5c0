import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BuildEntry, ImageEntry } from '../src/store/api';
import { systemClock } from '../src/runtime/clock';
import { startZooKeeper } from '../src/zk/server/private-server';
import { BuilderFarm, fakeProvider } from '../tests/support/builder-farm';
import { type Goal, median, printReport, rounded } from './report';

const execute = promisify(execFile);
const ROOT = join(__dirname, '..');
const ROUNDS = 40;
const BIG_GIB = 4;
const CP_ROUNDS = 5;
const CP_GIB = 1;

const GOALS: readonly Goal[] = [
  { metric: 'request_to_start_p99_ms', goal: '<=100' },
  { metric: 'ready_to_upload_p99_ms', goal: '<=100' },
  { metric: 'upload_to_cp_ratio', goal: '>=0.9' },
  { metric: 'upload_rss_mib', goal: '<=143' }, // 150 MB
];

/**
 * A builder as a process, compiled as it is installed; a real ZooKeeper that forces its log; an image tool that takes no time; a
 * cloud in this process.
 */
export async function run(): Promise<void> {
  await execute(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', join(ROOT, 'tsconfig.build.json')]);
  const server = await startZooKeeper({ clock: systemClock, fullJit: true });
  const farm = await BuilderFarm.open(server);
  farm.program = [join(ROOT, 'bin', 'nodepool-builder')];
  try {
    const latencies = await measureLatencies(farm);
    const big = await measureUpload(farm);
    printReport('builder', { ...latencies, ...big }, GOALS);
  } finally {
    await farm.close();
    await server.stop();
  }
}

const builds = (images: ReadonlyMap<string, ImageEntry>): readonly BuildEntry[] => [
  ...(images.get('deb')?.builds.values() ?? []),
];

/** What another client of ZooKeeper sees: its request until the record `building`, READY until the record `uploading`. */
async function measureLatencies(farm: BuilderFarm): Promise<Record<string, number>> {
  const builder = await farm.start('one', {});
  await farm.until((images) => builds(images).some(isUploaded));
  const [starts, uploads]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const known = new Set(builds(farm.store.images.view().images).map((it) => it.key.build));
    const fresh = (images: ReadonlyMap<string, ImageEntry>) => builds(images).find((it) => !known.has(it.key.build));
    const asked = performance.now();
    await farm.store.images.requestBuild('deb');
    await farm.until(fresh);
    const started = performance.now();
    await farm.until((images) => fresh(images)?.record?.state === 'ready');
    const ready = performance.now();
    await farm.until((images) => (fresh(images)?.providers.get('east')?.uploads.size ?? 0) > 0);
    const uploading = performance.now();
    await farm.until((images) => {
      const now = fresh(images);
      return now !== undefined && isUploaded(now) && images.get('deb')!.buildRequestedAt === undefined;
    });
    // Old builds retire meanwhile; the next round begins when the builder is at rest.
    await farm.until((images) => builds(images).length === 2 && !images.get('deb')!.buildLocked);
    if (round === 0) continue; // warms up
    starts.push(started - asked);
    uploads.push(uploading - ready);
  }
  builder.signal('SIGTERM');
  await builder.ended();
  return {
    request_to_start_p50_ms: rounded(median(starts)),
    request_to_start_p99_ms: rounded(quantile(starts, 0.99)),
    ready_to_upload_p50_ms: rounded(median(uploads)),
    ready_to_upload_p99_ms: rounded(quantile(uploads, 0.99)),
  };
}

/**
 * Files are uploaded by the builder, and for comparison sent over the same link by a process that does only that, in turns: copies
 * of one file, whose data are in memory and on disk by then, so that neither waits for the disk. Peak memory is that of the
 * upload of the largest, counted from its start.
 */
async function measureUpload(farm: BuilderFarm): Promise<Record<string, number>> {
  const file = join(farm.folder, 'plain.raw');
  await execute('dd', [
    'if=/dev/urandom',
    `of=${file}`,
    'bs=1M',
    `count=${CP_GIB * 1024}`,
    'conv=fsync',
    'status=none',
  ]);
  const copyIt = await makeTool(farm, 'copy', `cp --reflink=never ${file} "$2.raw" && sync "$2.raw"`);
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < CP_ROUNDS; round += 1) {
    const plainFirst = round % 2 === 0 ? await sendPlainly(farm, file) : undefined;
    const { ms } = await uploadOnce(farm, copyIt, `cp-${round}`);
    ratios.push((plainFirst ?? (await sendPlainly(farm, file))) / ms);
    rates.push((CP_GIB * 1024) / (ms / 1000));
  }
  const big = await makeTool(farm, 'big', `cp --reflink=never ${file} "$2.raw" && truncate -s ${BIG_GIB}G "$2.raw"`);
  const { peakMib } = await uploadOnce(farm, big, 'big');
  await rm(file);
  return {
    upload_to_cp_ratio: rounded(median(ratios)),
    upload_mib_per_s: rounded(median(rates)),
    upload_rss_mib: rounded(peakMib),
  };
}

/** An image tool that carries out one line of shell; `$2` is the output's path without its suffix. */
async function makeTool(farm: BuilderFarm, name: string, line: string): Promise<string> {
  const tool = join(farm.folder, `tool-${name}`);
  await writeFile(tool, ['#!/bin/sh', 'while [ "$1" != -o ]; do shift; done', line].join('\n'), { mode: 0o755 });
  return tool;
}

async function uploadOnce(
  farm: BuilderFarm,
  tool: string,
  name: string,
): Promise<{ readonly ms: number; readonly peakMib: number }> {
  const diskImages = [`- name: ${name}`, '  formats: [raw]', `  dib-cmd: ${tool}`];
  const providers = fakeProvider('west', [name], ['fake: {image-format: raw}']);
  const builder = await farm.start(name, { diskImages, providers });
  await builder.says(/uploading image/);
  const begun = performance.now();
  await writeFile(`/proc/${builder.pid}/clear_refs`, '5'); // the peak counts anew
  await builder.says(/upload is ready/);
  const ms = performance.now() - begun;
  const status = await readFile(`/proc/${builder.pid}/status`, 'utf8');
  const peakMib = Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024;
  await builder.kill();
  await rm(farm.imagesDir(name), { recursive: true });
  return { ms, peakMib };
}

/** A program that opens the file and sends it with its length: what `cp` would be over HTTP. */
async function sendPlainly(farm: BuilderFarm, file: string): Promise<number> {
  const child = fork(join(__dirname, 'send-file.js'), [farm.cloud.env['NODEPOOL_FAKE_CLOUD']!, file]);
  const [ms] = (await once(child, 'message')) as [number];
  await once(child, 'exit');
  return ms;
}

function isUploaded(build: BuildEntry): boolean {
  return [...(build.providers.get('east')?.uploads.values() ?? [])].some((it) => it.record?.state === 'ready');
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}
