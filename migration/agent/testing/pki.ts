import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TlsMaterial } from '../tls.ts';

const run = promisify(execFile);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certificate authority for tests, in a directory of their own; made with openssl. */
export class TestAuthority {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async create(dir: string): Promise<TestAuthority> {
    const authority = new TestAuthority(dir);
    const files = ['-keyout', authority.#file('ca.key'), '-out', authority.#file('ca.crt')];
    await run('openssl', ['req', '-x509', ...KEY, ...files, '-days', '2', '-subj', '/CN=test-authority']);
    return authority;
  }

  /** A key and a certificate with this common name, valid for 127.0.0.1. */
  async issue(commonName: string): Promise<TlsMaterial> {
    const file = (end: string) => this.#file(`${commonName.replace(/\W/g, '-')}.${end}`);
    await writeFile(file('ext'), 'subjectAltName=IP:127.0.0.1\n');
    const request = [
      'req',
      ...KEY,
      '-keyout',
      file('key'),
      '-out',
      file('csr'),
      '-subj',
      `/CN=${commonName}`,
    ];
    await run('openssl', request);
    const signer = ['-CA', this.#file('ca.crt'), '-CAkey', this.#file('ca.key'), '-CAcreateserial'];
    const sign = ['x509', '-req', '-in', file('csr'), ...signer, '-days', '2', '-extfile', file('ext')];
    await run('openssl', [...sign, '-out', file('crt')]);
    const [key, cert, ca] = await Promise.all(
      [file('key'), file('crt'), this.#file('ca.crt')].map((name) => readFile(name, 'utf8')),
    );
    return { key: key ?? '', cert: cert ?? '', ca: ca ?? '' };
  }

  #file(name: string): string {
    return path.join(this.#dir, name);
  }
}
