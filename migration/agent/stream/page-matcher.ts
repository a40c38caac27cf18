import type { PageHashes } from './page-hashes.ts';
import { PageWindow } from './page-window.ts';

/** A stretch of a file of memory: pages of the base from `page` on, or, without it, pages that have to be sent. */
export interface Stretch {
  page?: number;
  count: number;
}

/**
 * Finds the pages of a file among those of its base, while the file is read from its beginning to its end. Memory stays in its place
 * for the most part; where pages came or went all that follows is shifted, which a page that the base has only once tells.
 */
export class PageMatcher {
  readonly #base: PageHashes;
  readonly #places: UniquePages;
  readonly #window = new PageWindow();
  /** The page of the base that follows the one last found. */
  #next = 0;

  constructor(base: PageHashes) {
    this.#base = base;
    this.#places = new UniquePages(base);
  }

  /** Takes the hashes of the next pages, and tells in stretches where they are. */
  match(hashes: readonly bigint[]): Stretch[] {
    const stretches: Stretch[] = [];
    for (const [index, hash] of hashes.entries()) {
      const page = this.#find(hash, hashes[index + 1]);
      this.#note(page);
      const last = stretches.at(-1);
      if (last !== undefined && follows(last, page)) last.count += 1;
      else stretches.push(page === undefined ? { count: 1 } : { page, count: 1 });
    }
    return stretches;
  }

  #find(hash: bigint, hashBehind: bigint | undefined): number | undefined {
    for (const page of [this.#next, this.#window.made])
      if (this.#base.at(page) === hash && this.#window.has(page)) return page;
    const page = this.#places.find(hash);
    if (page === undefined || !this.#window.has(page)) return undefined;
    // A single page that is found elsewhere was copied; content that moved goes on behind it.
    const behind = this.#base.at(page + 1);
    return behind === undefined || hashBehind === undefined || behind === hashBehind ? page : undefined;
  }

  #note(page: number | undefined): void {
    this.#next = (page ?? this.#next) + 1;
    if (page === this.#window.made) this.#window.stays();
    else this.#window.overwrites();
  }
}

function follows(last: Stretch, page: number | undefined): boolean {
  return page === undefined
    ? last.page === undefined
    : last.page !== undefined && page === last.page + last.count;
}

/** Finds pages by their hash, if there is only one with it. */
class UniquePages {
  readonly #hashes: PageHashes;
  /** Open addressing: the number of a page plus one; 0 is free. */
  readonly #slots: Uint32Array;
  readonly #mask: number;
  readonly #repeated = new Set<number>();

  constructor(hashes: PageHashes) {
    this.#hashes = hashes;
    const size = 2 ** Math.ceil(Math.log2(2 * hashes.length + 2));
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
    for (let page = 0; page < hashes.length; page += 1) {
      const slot = this.#slotOf(hashes.at(page) ?? 0n);
      const other = this.#slots[slot] ?? 0;
      if (other === 0) this.#slots[slot] = page + 1;
      else this.#repeated.add(other - 1);
    }
  }

  find(hash: bigint): number | undefined {
    const found = (this.#slots[this.#slotOf(hash)] ?? 0) - 1;
    return found < 0 || this.#repeated.has(found) ? undefined : found;
  }

  /** The slot of the page with this hash, or the free one where it would stand. */
  #slotOf(hash: bigint): number {
    let slot = Number(hash & 0xffffffffn) & this.#mask;
    for (;;) {
      const page = this.#slots[slot] ?? 0;
      if (page === 0 || this.#hashes.at(page - 1) === hash) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }
}
