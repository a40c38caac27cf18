import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from '../agent-wire.ts';

/** An authority that lives for one test and issues certificates for 127.0.0.1 with the machine's openssl. */
export class TestAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'podferry-certificates-'));
  readonly #ca: { cert: string; key: string };

  constructor() {
    this.#ca = this.#make('ca', [
      '-subj',
      '/CN=test authority',
      '-addext',
      'basicConstraints=critical,CA:TRUE',
    ]);
  }

  issue(commonName: string, address = '127.0.0.1'): Credentials {
    const name = commonName.replaceAll(/\W/g, '-');
    const issued = this.#make(name, [
      ...['-CA', join(this.#folder, 'ca.crt'), '-CAkey', join(this.#folder, 'ca.key')],
      ...['-subj', `/CN=${commonName}`, '-addext', `subjectAltName=IP:${address}`],
      ...['-addext', 'basicConstraints=CA:FALSE'],
    ]);
    return { ...issued, ca: this.#ca.cert };
  }

  /** A folder as a mounted TLS secret has it. */
  write(credentials: Credentials): string {
    for (const [file, text] of [
      ['ca.crt', credentials.ca],
      ['tls.crt', credentials.cert],
      ['tls.key', credentials.key],
    ] as const) {
      writeFileSync(join(this.#folder, file), text);
    }
    return this.#folder;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #make(name: string, options: string[]): { cert: string; key: string } {
    const [cert, key] = [join(this.#folder, `${name}.crt`), join(this.#folder, `${name}.key`)];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', key, '-out', cert, '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...files, ...options], {
      stdio: 'pipe',
      timeout: 30_000,
    });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }
}
