import xxhash from 'xxhash-wasm';
import { newHash } from './hash.ts';

/** What a file of memory is compared in, in bytes: pages as CRIU writes them, whatever the processor calls a page. */
export const PAGE = 4096;

const { h64Raw } = await xxhash();

/** XXH64 of one page; of fewer bytes at the end of a file. */
export const pageHash = (page: Buffer): bigint => h64Raw(page);

export const pagesIn = (bytes: number): number => Math.ceil(bytes / PAGE);

/** The hash of each page of a file: eight bytes for every 4096. */
export class PageHashes {
  #values = new BigUint64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Undefined behind the end. */
  at(page: number): bigint | undefined {
    return page < this.#length ? this.#values[page] : undefined;
  }

  push(hash: bigint): void {
    if (this.#length === this.#values.length) {
      const larger = new BigUint64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = hash;
    this.#length += 1;
  }

  /** One hash over all, which stands for the whole file. */
  digest(): bigint {
    const bytes = new Uint8Array(this.#values.buffer, 0, 8 * this.#length);
    const hash = newHash();
    for (let at = 0; at < bytes.length; at += STEP) hash.update(bytes.subarray(at, at + STEP));
    return hash.digest();
  }
}

const STEP = 64 * 1024;
