import type { LabelConfig } from '../config/types';
import type { NodeRequest } from '../model/records';

export const MIN_READY_REQUESTOR = 'NodePool:min-ready';
/** Prefix of min-ready requests: after everything that somebody waits for. */
export const MIN_READY_PRIORITY = 900;

export interface MinReadyQuestion {
  readonly labels: Iterable<LabelConfig>;
  readonly requests: Iterable<{ readonly id: string; readonly record: NodeRequest | undefined }>;
  /** Nodes of the whole tree that are ready, free and carry the label. */
  readonly freeCount: (label: string) => number;
  readonly imageReady: (label: LabelConfig) => boolean;
  /** Labels for which a request failed lately. */
  readonly resting: ReadonlySet<string>;
}

export interface MinReadyPlan {
  readonly create: readonly { readonly label: string; readonly count: number }[];
}

/**
 * How many nodes to ask for in advance (launcher.md 20). Outstanding requests are counted in the tree, whoever filed them,
 * so that several launchers together keep `min-ready` nodes and not each of them.
 */
export function planMinReady(question: MinReadyQuestion): MinReadyPlan {
  const outstanding = new Map<string, number>();
  for (const { record } of question.requests) {
    if (record === undefined || !isOutstandingMinReady(record)) continue;
    const label = record.nodeTypes[0]!;
    outstanding.set(label, (outstanding.get(label) ?? 0) + 1);
  }
  const create: { label: string; count: number }[] = [];
  for (const label of question.labels) {
    if (label.minReady <= 0 || question.resting.has(label.name)) continue;
    const count = label.minReady - question.freeCount(label.name) - (outstanding.get(label.name) ?? 0);
    if (count > 0 && question.imageReady(label)) create.push({ label: label.name, count });
  }
  return { create };
}

/** A fulfilled one counts until its owner has freed the node, else the node would be missing for that moment. */
export function isOutstandingMinReady(record: NodeRequest): boolean {
  return record.requestor === MIN_READY_REQUESTOR && record.state !== 'failed' && record.nodeTypes.length === 1;
}
