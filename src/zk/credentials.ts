import type { ZkError } from './errors';
import type { ControlFrame } from './link';
import { OPCODE, XID } from './opcodes';

interface Credential {
  readonly scheme: string;
  readonly auth: Buffer;
  readonly accepted: () => void;
  readonly refused: (error: ZkError) => void;
}

/**
 * What proves who we are, sent on every connection before anything else. One that a server refuses is forgotten: sent
 * again it would end the next session too.
 */
export class Credentials {
  #all: Credential[] = [];
  /** Sent on the present link and not answered yet. */
  #unanswered: Credential[] = [];

  /** Remembers a credential; resolves when a server accepts it for the first time. */
  add(scheme: string, auth: Buffer): { readonly frame: () => ControlFrame; readonly accepted: Promise<void> } {
    let credential!: Credential;
    const accepted = new Promise<void>((resolve, reject) => {
      credential = { scheme, auth: Buffer.from(auth), accepted: resolve, refused: reject };
    });
    this.#all.push(credential);
    return { frame: () => this.#frame(credential), accepted };
  }

  /** All of them, for a fresh link. */
  frames(): ControlFrame[] {
    this.#unanswered = [];
    return this.#all.map((it) => this.#frame(it));
  }

  answered(error: ZkError | undefined): void {
    const credential = this.#unanswered.shift();
    if (credential === undefined) return;
    if (error === undefined) {
      credential.accepted();
      return;
    }
    this.#all = this.#all.filter((it) => it !== credential);
    credential.refused(error);
  }

  /** The client is closed: whoever waits hears `error`. */
  end(error: ZkError): void {
    for (const it of this.#all) it.refused(error);
    this.#all = [];
  }

  #frame(credential: Credential): ControlFrame {
    this.#unanswered.push(credential);
    return {
      xid: XID.auth,
      opcode: OPCODE.auth,
      write: (out) => {
        out.int(0);
        out.text(credential.scheme);
        out.bytes(credential.auth);
      },
    };
  }
}
