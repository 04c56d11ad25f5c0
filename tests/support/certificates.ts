import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from '../../src/zk/connect';

/** A certificate authority in a temporary folder, by the `openssl` program. */
export class TestAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'nodepool-ca-'));
  #count = 0;

  constructor() {
    this.#openssl(
      'req',
      '-x509',
      '-new',
      '-nodes',
      ...NEW_KEY,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=test authority',
    );
  }

  get ca(): string {
    return join(this.folder, 'ca.pem');
  }

  /** Files of a new certificate; its name fits no host. */
  issue(): { readonly cert: string; readonly key: string; readonly ca: string } {
    const name = `leaf-${(this.#count += 1)}`;
    this.#openssl(
      'req',
      '-new',
      '-nodes',
      ...NEW_KEY,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    this.#openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.pem`);
    return { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`), ca: this.ca };
  }

  /** As `issue`, read. */
  client(): TlsOptions {
    const { cert, key, ca } = this.issue();
    return { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'ignore' });
  }
}

const NEW_KEY = ['-newkey', 'rsa:2048', '-sha256'];
