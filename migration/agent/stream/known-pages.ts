import { PageHashes } from './page-hashes.ts';

/** Finds pages of a file of memory by their hash. Made before it is needed: that takes its time. */
export class KnownPages {
  readonly hashes: PageHashes;
  /** Open addressing: the number of a page plus one; 0 is free. */
  readonly #slots: Uint32Array;
  readonly #mask: number;

  constructor(hashes = new PageHashes()) {
    this.hashes = hashes;
    const size = 2 ** Math.ceil(Math.log2(2 * hashes.length + 2));
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
    for (let page = 0; page < hashes.length; page += 1) {
      const slot = this.#slotOf(hashes.at(page) ?? 0n);
      if (this.#slots[slot] === 0) this.#slots[slot] = page + 1;
    }
  }

  /** The first page with this hash. */
  find(hash: bigint): number | undefined {
    const page = this.#slots[this.#slotOf(hash)] ?? 0;
    return page === 0 ? undefined : page - 1;
  }

  /** The slot of the page with this hash, or the free one where it would stand. */
  #slotOf(hash: bigint): number {
    let slot = Number(hash & 0xffffffffn) & this.#mask;
    for (;;) {
      const page = this.#slots[slot] ?? 0;
      if (page === 0 || this.hashes.at(page - 1) === hash) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }
}
