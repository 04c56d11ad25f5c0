import { answerRequest, failedResults, isKnownToPackage, long, toException } from './bridge-answers';
import type { ConnectionState, WatchEvent, ZooKeeper } from './client';
import type { ConnectOptions } from './connect';
import { connectZooKeeper, type EngineTools } from './engine';
import { ERROR_CODES, isZkError, ZkError } from './errors';
import {
  checkSeam,
  ConnectionManager,
  type PackageClient,
  type PackageConnection,
  type PackageRequest,
  type PackageResponse,
  type PackageTransaction,
  type PackageWatcher,
  vocabulary,
  WatcherManager,
} from './package-seam';

type Done = (error: Error | null, response?: PackageResponse) => void;

const { STATES } = ConnectionManager;
const { Event } = vocabulary;

const STATE_OF: Readonly<Partial<Record<ConnectionState, number>>> = {
  connected: STATES.CONNECTED,
  suspended: STATES.DISCONNECTED,
  lost: STATES.SESSION_EXPIRED,
  closed: STATES.DISCONNECTED,
};

const EVENT_OF: Readonly<Partial<Record<WatchEvent['type'], number>>> = {
  created: Event.NODE_CREATED,
  deleted: Event.NODE_DELETED,
  changed: Event.NODE_DATA_CHANGED,
  children: Event.NODE_CHILDREN_CHANGED,
};

/**
 * The `Client` of node-zookeeper-client on our engine, for code that speaks that API (zookeeper-client 5, way C). It behaves as
 * the package documents, except where that was the fault: nothing is ever repeated by itself, requests without a
 * link fail at once with CONNECTION_LOSS instead of waiting for one, a version of 0 in a transaction means zero, and after an
 * expired session a new one is made, told by 'expired' and then 'connected'. Throws when another package is installed.
 */
export function createBridgedClient(options: ConnectOptions, tools: EngineTools): PackageClient {
  checkSeam();
  const client = vocabulary.createClient('127.0.0.1:1', { sessionTimeout: options.sessionTimeoutMs, retries: 0 });
  const connection = new EngineConnection(options, tools, (state) => client.onConnectionManagerState(state));
  client.connectionManager = connection;
  const plain = client.transaction.bind(client);
  client.transaction = () => exact(plain());
  return client;
}

/** Puts back the version that the package's builder reads as "any" when it is 0. */
function exact(transaction: PackageTransaction): PackageTransaction {
  for (const name of ['check', 'remove'] as const) {
    const add = transaction[name].bind(transaction);
    transaction[name] = (path, version) => withVersion(add(path, version), version);
  }
  const set = transaction.setData.bind(transaction);
  transaction.setData = (path, data, version) => withVersion(set(path, data, version), version);
  return transaction;
}

function withVersion(transaction: PackageTransaction, version: number | undefined): PackageTransaction {
  if (version !== undefined) transaction.ops.at(-1)!.version = version;
  return transaction;
}

/** The package's connection layer, of which nothing is left but the class: `Transaction` insists on it. */
class EngineConnection extends ConnectionManager implements PackageConnection {
  #zk: ZooKeeper | undefined;
  #isClosed = false;
  #watchers = new WatcherManager();
  readonly #credentials: { readonly scheme: string; readonly auth: Buffer }[] = [];

  constructor(
    private readonly settings: ConnectOptions,
    private readonly tools: EngineTools,
    onState: (state: number) => void,
  ) {
    super('127.0.0.1:1', { sessionTimeout: settings.sessionTimeoutMs }, onState);
  }

  connect(): void {
    if (this.#zk !== undefined || this.#isClosed) return;
    const zk = connectZooKeeper(this.settings, this.tools);
    this.#zk = zk;
    zk.onState((state) => {
      if (state === 'lost') this.#watchers = new WatcherManager();
      const code = STATE_OF[state];
      if (code !== undefined) this.emit('state', code);
    });
    for (const it of this.#credentials) this.#authenticate(zk, it.scheme, it.auth);
  }

  close(): void {
    this.#isClosed = true;
    this.#zk?.close().catch((error: unknown) => this.tools.log.error('close failed', { err: error }));
  }

  queue(request: PackageRequest, done: Done = () => undefined): void {
    if (this.#zk === undefined) {
      queueMicrotask(() => done(toException(new ZkError('CONNECTION_LOSS'))));
      return;
    }
    const heard: WatchEvent[] = [];
    let isAnswered = false;
    // The package registers its watcher while it is told the answer: an event must not come before that.
    const watcher = (event: WatchEvent) => (isAnswered ? this.#onEvent(event) : void heard.push(event));
    const answered = () => {
      isAnswered = true;
      for (const it of heard) this.#onEvent(it);
    };
    answerRequest(this.#zk, request, watcher)
      .then(
        (payload) => this.#answer(done, request, payload),
        (error: unknown) => this.#fail(done, request, error),
      )
      .then(answered, (error: unknown) => this.tools.log.error('watcher failed', { err: error }));
  }

  addAuthInfo(scheme: string, auth: Buffer): void {
    if (this.#zk === undefined) this.#credentials.push({ scheme, auth });
    else this.#authenticate(this.#zk, scheme, auth);
  }

  registerDataWatcher(path: string, watcher: PackageWatcher): void {
    this.#watchers.registerDataWatcher(path, watcher);
  }

  registerChildWatcher(path: string, watcher: PackageWatcher): void {
    this.#watchers.registerChildWatcher(path, watcher);
  }

  registerExistenceWatcher(path: string, watcher: PackageWatcher): void {
    this.#watchers.registerExistenceWatcher(path, watcher);
  }

  getSessionId(): Buffer {
    return long(this.#zk?.session?.id ?? 0n);
  }

  /** The engine keeps it to itself. */
  getSessionPassword(): Buffer {
    return Buffer.alloc(16);
  }

  getSessionTimeout(): number {
    return this.#zk?.session?.timeoutMs ?? this.settings.sessionTimeoutMs;
  }

  #authenticate(zk: ZooKeeper, scheme: string, auth: Buffer): void {
    zk.addAuth(scheme, auth).catch((error: unknown) => {
      if (isZkError(error, 'AUTH_FAILED')) this.emit('state', STATES.AUTHENTICATION_FAILED);
      // The package has no word for anything else. A client that is closed needs no credentials any more.
      else if (!isZkError(error, 'SESSION_CLOSED'))
        this.tools.log.error('credentials not accepted', { scheme, err: error });
    });
  }

  #onEvent({ type, path }: WatchEvent): void {
    const code = EVENT_OF[type];
    if (code !== undefined) this.#watchers.emit({ type: code, path });
  }

  /** `exists` of a missing znode is an error with an answer, for the package. */
  #answer(done: Done, request: PackageRequest, payload: unknown): void {
    const isMissing = request.payload.watch !== undefined && payload === undefined;
    const err = isMissing ? ERROR_CODES.NO_NODE : 0;
    const error = isMissing ? toException(new ZkError('NO_NODE', request.payload.path)) : null;
    this.#call(done, error, { header: { err }, payload: payload ?? null });
  }

  #fail(done: Done, request: PackageRequest, error: unknown): void {
    if (!isZkError(error)) {
      this.#call(done, error as Error, { header: { err: ERROR_CODES.SYSTEM_ERROR }, payload: null });
      return;
    }
    const code = ERROR_CODES[error.code];
    const { ops } = request.payload;
    if (ops !== undefined && error.failedOp !== undefined && isKnownToPackage(code)) {
      const results = failedResults(ops.length, error.failedOp, code);
      this.#call(done, null, { header: { err: 0 }, payload: { results } });
      return;
    }
    this.#call(done, toException(error), { header: { err: code }, payload: null });
  }

  /** A callback that throws disturbs nobody else. */
  #call(done: Done, error: Error | null, response: PackageResponse): void {
    try {
      done(error, response);
    } catch (thrown) {
      this.tools.log.error('callback failed', { err: thrown });
    }
  }
}
