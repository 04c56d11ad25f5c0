import { type Socket, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client, type ServerHostKeyAlgorithm } from 'ssh2';

/** Opens a connection; rejects with the signal's reason. The caller destroys what it gets. */
export type Dial = (to: { readonly host: string; readonly port: number }, signal: AbortSignal) => Promise<Duplex>;

/**
 * Opens one connection, exchanges banners and keys, and closes it before any authentication. Returns the host key as
 * `<key name> <base64>`; the host has proven that it owns the key. With `algorithm` nothing else is offered.
 */
export type Handshake = (
  open: () => Promise<Duplex>,
  algorithm: string | undefined,
  signal: AbortSignal,
) => Promise<string>;

export const dialTcp: Dial = (to, signal) =>
  new Promise<Socket>((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect(to);
    const settle = (finish: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      finish();
    };
    const onAbort = () =>
      settle(() => {
        socket.on('error', () => undefined); // it is being thrown away
        socket.destroy();
        reject(signal.reason as Error);
      });
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => settle(() => resolve(socket)));
    socket.once('error', (error) => settle(() => reject(error)));
  });

export const sshHandshake: Handshake = async (open, algorithm, signal) => {
  const stream = await open();
  const client = new Client();
  try {
    signal.throwIfAborted();
    return await new Promise<string>((resolve, reject) => {
      let key: Buffer | undefined;
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      client.on('error', reject);
      client.on('close', () => reject(new Error('connection closed during the handshake')));
      // Comes after the host's signature was verified, and before we would ask to authenticate.
      client.on('handshake', () => {
        stream.destroy();
        if (key === undefined) reject(new Error('handshake without a host key'));
        else resolve(`${keyName(key)} ${key.toString('base64')}`);
      });
      client.connect({
        sock: stream,
        username: 'nobody', // demanded by the library, never sent
        readyTimeout: 0, // the caller's signal limits the time
        hostVerifier: (offered: Buffer) => {
          key = offered;
          return true;
        },
        ...(algorithm === undefined ? {} : { algorithms: { serverHostKey: [algorithm as ServerHostKeyAlgorithm] } }),
      });
    });
  } finally {
    client.destroy();
    stream.destroy();
  }
};

/** The name inside the key itself: `ssh-rsa`, whatever signature algorithm was negotiated. */
function keyName(key: Buffer): string {
  const length = key.readUInt32BE(0);
  return key.toString('latin1', 4, 4 + length);
}
