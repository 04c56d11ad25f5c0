import type { Json } from '../../model/json';
import type { Account } from './account';
import type { Call } from './cloud';
import type { Fault, Operation } from './options';
import { checked } from './refusal';
import { createFloatingIpBody } from './requests';

export interface Answer {
  readonly status: number;
  readonly body: Json;
  /** Not final: when to look again, wall milliseconds; null: only when something is changed. */
  readonly againAt?: number | null;
}

type Handler = (account: Account, id: string, body: unknown, faults: readonly Fault[]) => Answer;

const ok = (body: unknown): Answer => ({ status: 200, body: body as Json });
const done: Answer = { status: 204, body: null };

const HANDLERS: Record<Operation, Handler> = {
  'create-server': ({ servers }, _id, body, faults) => {
    const { server, created } = servers.create(body, faults);
    return { status: created ? 201 : 200, body: server as unknown as Json };
  },
  'show-server': ({ servers }, id) => ok(servers.show(id)),
  'wait-server': ({ servers, networking }, id) => {
    const { server, changesAt } = servers.watch(id);
    const settled = server.status !== 'BUILD';
    const body = { server, needs_floating_ip: networking.handsOutAddresses && server.public_v4 === '' };
    return settled ? ok(body) : { ...ok(body), againAt: changesAt };
  },
  'list-servers': ({ servers }) => ok(servers.list()),
  'delete-server': ({ servers }, id, _body, faults) => {
    servers.remove(id, faults);
    return done;
  },
  'console-log': ({ servers }, id) => ok({ output: servers.console(id) }),
  'list-flavors': ({ options }) => ok(options.flavors),
  'list-zones': ({ options }) => ok(options.zones),
  'list-networks': ({ options }) => ok(options.networks),
  limits: ({ options, usage }) => ok({ limits: options.limits, usage }),
  'create-image': ({ images }, _id, body) => ({ status: 201, body: images.create(body) as unknown as Json }),
  'upload-image': ({ images }, id, body, faults) => {
    const corrupt = faults.some((it) => it.effect === 'corrupt');
    return ok(
      images.receive(id, corrupt ? { ...(body as object), sha256: '0'.repeat(64), md5: '0'.repeat(32) } : body),
    );
  },
  'show-image': ({ images }, id) => {
    const image = images.show(id);
    return image.status === 'active' ? ok(image) : { ...ok(image), againAt: images.readyAt(id) };
  },
  'list-images': ({ images }) => ok(images.list()),
  'delete-image': ({ images }, id) => {
    images.remove(id);
    return done;
  },
  'list-ports': ({ networking }) => ok([...networking.ports.values()]),
  'delete-port': ({ networking }, id) => {
    networking.deletePort(id);
    return done;
  },
  'list-floating-ips': ({ networking }) => ok([...networking.floatingIps.values()]),
  'create-floating-ip': ({ networking, servers }, _id, body) => {
    const { server } = checked(createFloatingIpBody, body);
    servers.show(server);
    return { status: 201, body: networking.attachAddress(server) as unknown as Json };
  },
  'delete-floating-ip': ({ networking }, id) => {
    networking.deleteAddress(id);
    return done;
  },
};

/** Does what a call asks for. Throws `Refusal` if the cloud does not. */
export function carryOut(account: Account, call: Call, faults: readonly Fault[]): Answer {
  return HANDLERS[call.operation](account, call.id ?? '', call.body, faults);
}

/** Name, id and metadata values of what a call is about, the name first. */
export function textsOf(account: Account, call: Call): string[] {
  const body = call.body as { name?: unknown; metadata?: unknown; server?: unknown } | undefined;
  const record =
    call.id === undefined ? undefined : (account.servers.table.get(call.id) ?? account.images.table.get(call.id));
  const texts = [
    record?.name,
    call.id,
    body?.name,
    body?.server,
    ...valuesOf(record?.metadata),
    ...valuesOf(body?.metadata),
  ];
  return texts.filter((it): it is string => typeof it === 'string');
}

function valuesOf(map: unknown): unknown[] {
  return typeof map === 'object' && map !== null ? Object.values(map) : [];
}
