import type { IncomingMessage } from 'node:http';
import type { Json } from '../../model/json';
import type { Cloud } from './cloud';
import type { AccountOptions } from './options';
import { readJson } from './request-body';

/**
 * The other door of the simulated cloud, which no real one has: options, faults and figures. Not recorded, not delayed.
 *
 *     GET /admin                       figures: usage per account, peaks, counts of calls
 *     GET /admin/calls                 the latest calls
 *     GET /admin/<account>/options     how it behaves; PUT replaces all, PATCH some
 *     POST /admin/<account>/faults     one more fault
 *
 * Undefined for any other path.
 */
export async function administer(cloud: Cloud, request: IncomingMessage, path: string): Promise<Json | undefined> {
  const [, door, account, part, ...rest] = path.split('/');
  if (door !== 'admin' || rest.length > 0) return undefined;
  if (account === undefined) return cloud.inspect();
  if (account === 'calls' && part === undefined) return cloud.calls.latest() as unknown as Json;
  return administerAccount(cloud, request, decodeURIComponent(account), part);
}

async function administerAccount(
  cloud: Cloud,
  request: IncomingMessage,
  account: string,
  part: string | undefined,
): Promise<Json | undefined> {
  switch (`${request.method} ${part}`) {
    case 'GET options':
      break;
    case 'PUT options':
      cloud.configure(account, await readJson(request));
      break;
    case 'PATCH options':
      cloud.adjust(account, (await readJson(request)) as Partial<AccountOptions>);
      break;
    case 'POST faults':
      cloud.injectFault(account, await readJson(request));
      break;
    default:
      return undefined;
  }
  return cloud.options(account) as unknown as Json;
}
