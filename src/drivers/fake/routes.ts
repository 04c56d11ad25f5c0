import type { Operation } from './options';

export interface Route {
  readonly account: string;
  readonly operation: Operation;
  readonly id?: string;
}

/** `METHOD collection/id/part` with `*` for an id → operation. */
const ROUTES: Readonly<Record<string, Operation>> = {
  'POST servers': 'create-server',
  'GET servers': 'list-servers',
  'GET servers/*': 'show-server',
  'GET servers/*/settled': 'wait-server',
  'GET servers/*/console': 'console-log',
  'DELETE servers/*': 'delete-server',
  'GET flavors': 'list-flavors',
  'GET zones': 'list-zones',
  'GET networks': 'list-networks',
  'GET limits': 'limits',
  'POST images': 'create-image',
  'GET images': 'list-images',
  'GET images/*': 'show-image',
  'PUT images/*/data': 'upload-image',
  'DELETE images/*': 'delete-image',
  'GET ports': 'list-ports',
  'DELETE ports/*': 'delete-port',
  'GET floating-ips': 'list-floating-ips',
  'POST floating-ips': 'create-floating-ip',
  'DELETE floating-ips/*': 'delete-floating-ip',
};

/** `/v1/<account>/servers/<id>` and the like; undefined for anything else. */
export function routeOf(method: string, path: string): Route | undefined {
  const [empty, version, account, collection, id, part, ...rest] = path.split('/').map(decode);
  if (empty !== '' || version !== 'v1' || !account || collection === undefined || rest.length > 0) return undefined;
  const shape = [collection, ...(id === undefined ? [] : ['*']), ...(part === undefined ? [] : [part])].join('/');
  const operation = ROUTES[`${method} ${shape}`];
  if (operation === undefined) return undefined;
  return { account, operation, ...(id === undefined ? {} : { id }) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // not ours; matches nothing
  }
}
