/** The nodes of a request could not be taken. All locks are released and the request is deleted: ask anew. */
export class NodesUnavailableError extends Error {
  override readonly name = 'NodesUnavailableError';

  constructor(
    readonly request: string,
    /** `request-gone` and `not-fulfilled` concern the request, the others a node. */
    readonly reason: 'request-gone' | 'not-fulfilled' | 'node-gone' | 'not-allocated' | 'lock-timeout',
    readonly node?: string,
    options?: ErrorOptions,
  ) {
    super(
      `nodes of request ${request} cannot be taken: ${reason}${node === undefined ? '' : ` (node ${node})`}`,
      options,
    );
  }
}
