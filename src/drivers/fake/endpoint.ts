/** Where a simulated cloud listens: how to get there. */
export interface Address {
  readonly baseURL: string;
  readonly socketPath?: string;
}

/** Finds the cloud, and starts it where that is ours to do. */
export interface Endpoint {
  readonly address: Address;
  /** Called when nobody listens there. Resolves when somebody does; rejects if that is not to be expected. */
  revive(signal: AbortSignal): Promise<void>;
}

/** `unix:<path>`, an absolute path, or `http://…`. */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) return { baseURL: 'http://fake-cloud', socketPath: text.slice('unix:'.length) };
  if (text.startsWith('/')) return { baseURL: 'http://fake-cloud', socketPath: text };
  if (!URL.canParse(text)) throw new Error(`not the address of a simulated cloud: ${text}`);
  return { baseURL: new URL(text).origin };
}

/** A cloud that somebody else looks after. */
export function givenEndpoint(text: string): Endpoint {
  return {
    address: parseAddress(text),
    revive: () => Promise.reject(new Error(`no simulated cloud listens at ${text}`)),
  };
}
