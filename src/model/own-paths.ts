import { ROOT } from './paths';

/** Subtrees that only this implementation knows (docs/tree-additions.md). Python's programs look at none of them (zk-tree 12). */
export const HOLD_JOBS = `${ROOT}/jobs`;
export const holdJobPath = (id: string) => `${HOLD_JOBS}/${id}`;
/** One znode per launcher that can be told to finish; it goes with the launcher. */
export const DRAINS = `${ROOT}/drain`;
export const drainPath = (launcher: string) => `${DRAINS}/${launcher}`;
/** Questions and answers about waiting requests; each goes with who made it. */
export const EXPLAIN = `${ROOT}/explain`;
export const questionPath = (question: string) => `${EXPLAIN}/ask-${question}`;
export const answerPath = (question: string, from: string) => `${EXPLAIN}/answer-${question}-${from}`;
/** One znode per builder that waits to try something again; it goes with the builder. */
export const IMAGE_WAITS = `${ROOT}/image-waits`;
export const imageWaitsPath = (builder: string) => `${IMAGE_WAITS}/${builder}`;
