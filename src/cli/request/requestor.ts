import { hostname, userInfo } from 'node:os';

/** The requestor of what this command line asks for: what it may give back without being forced to. */
export const REQUESTOR = 'nodepool-cli';

/** `hold_job` of nodes that were asked for here. */
export const holdJobOf = (request: string) => `nodepool request ${request}`;

/** Who sits there, for others to know whom to ask: `alice@bastion`. */
export function whoAsks(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `someone@${hostname()}`; // a user without an entry in passwd, as in containers
  }
}
