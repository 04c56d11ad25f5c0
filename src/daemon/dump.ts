import type { ActivityReport } from '../runtime/activities';
import type { Fields } from '../runtime/log';

/** What a dump shows besides the activities. */
export interface ProcessFacts {
  /** `nodepool-launcher 1.0, process 12`. */
  readonly title: string;
  readonly uptimeMs: number;
  readonly memory: {
    readonly rss: number;
    readonly heapUsed: number;
    readonly heapTotal: number;
    readonly external: number;
  };
  /** Share of a core that all threads used since the last dump, or since the start; 1 is one core. */
  readonly cpu: number;
  /** How much later than asked a timer came just now. */
  readonly lateMs: number;
  readonly zookeeper: {
    readonly state: string;
    readonly session: string | undefined;
    readonly pending: number | undefined;
  };
  readonly configProblem: string | undefined;
  /** Names of what keeps the process alive, as process.getActiveResourcesInfo() tells them. */
  readonly handles: readonly string[];
}

/** The longest lists say no more than that there are many. */
const MOST = 300;

/** What a process is doing, in lines for a log: what has been at it for longest comes first. */
export function dumpText(facts: ProcessFacts, activities: readonly ActivityReport[]): string {
  const { memory, zookeeper } = facts;
  const shown = activities.slice(0, MOST).map(activityLine);
  const hidden = activities.length - shown.length;
  return [
    `what ${facts.title} is doing, after ${duration(facts.uptimeMs)}`,
    `memory: ${mib(memory.rss)} resident, heap ${mib(memory.heapUsed)} of ${mib(memory.heapTotal)}, outside of it ${mib(memory.external)}`,
    `cpu: ${(facts.cpu * 100).toFixed(1)} % of a core since the last dump; event loop ${Math.round(facts.lateMs)} ms late now`,
    `zookeeper: ${zookeeper.state}, session ${zookeeper.session ?? 'none'}, ${zookeeper.pending ?? 'unknown'} requests without answer`,
    `configuration: ${facts.configProblem ?? 'in force'}`,
    `handles: ${counted(facts.handles)}`,
    `activities: ${activities.length}`,
    ...shown,
    ...(hidden > 0 ? [`  and ${hidden} that began later`] : []),
  ].join('\n');
}

function activityLine({ name, fields, step, forMs, stepForMs }: ActivityReport): string {
  const at = step === undefined ? '' : `: ${step}, for ${duration(stepForMs)}`;
  return `  ${duration(forMs)} ${name}${fieldText(fields)}${at}`;
}

function fieldText(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
}

/** `1:02:03.4`: hours only if there are any. */
export function duration(ms: number): string {
  const tenths = Math.max(0, Math.round(ms / 100));
  const [hours, minutes, seconds] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10];
  const tail = `${String(minutes).padStart(2, '0')}:${seconds.toFixed(1).padStart(4, '0')}`;
  return hours === 0 ? tail : `${hours}:${tail}`;
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const it of names) counts.set(it, (counts.get(it) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.length === 0 ? 'none' : sorted.map(([name, count]) => `${count} ${name}`).join(', ');
}
