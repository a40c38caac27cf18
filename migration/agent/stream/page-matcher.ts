import type { KnownPages } from './known-pages.ts';

/** A stretch of a file of memory: pages with the content of those of the base from `page` on, or, without it, new ones. */
export interface Stretch {
  page?: number;
  count: number;
}

/** Adds pages behind those that are there. */
export function addStretch(stretches: Stretch[], { page, count }: Stretch): void {
  const last = stretches.at(-1);
  const goesOn =
    page === undefined
      ? last?.page === undefined
      : last?.page !== undefined && page === last.page + last.count;
  if (last !== undefined && goesOn) last.count += count;
  else stretches.push(page === undefined ? { count } : { page, count });
}

/**
 * Finds the content of the pages of a file among those of its base, while the file is read from its beginning to its end. Which page of the
 * base has it does not matter: what follows what was found last is tried first, so that there are few stretches.
 */
export class PageMatcher {
  readonly #base: KnownPages;
  /** The page of the base that follows the one last found. */
  #next = 0;

  constructor(base: KnownPages) {
    this.#base = base;
  }

  /** Takes the hashes of the next pages, and tells in stretches where they are. */
  match(hashes: readonly bigint[]): Stretch[] {
    const stretches: Stretch[] = [];
    for (const [index, hash] of hashes.entries()) {
      const page = this.#find(hash, hashes[index + 1]);
      addStretch(stretches, page === undefined ? { count: 1 } : { page, count: 1 });
      this.#next = (page ?? this.#next) + 1;
    }
    return stretches;
  }

  /**
   * Found elsewhere, it has to go on there: among so many pages that two of 64 bits are the same by chance is not unlikely enough, that
   * four are is.
   */
  #find(hash: bigint, hashBehind: bigint | undefined): number | undefined {
    const { hashes } = this.#base;
    if (hashes.at(this.#next) === hash) return this.#next;
    const page = this.#base.find(hash);
    if (page === undefined || hashBehind === undefined) return undefined;
    return hashes.at(page + 1) === hashBehind ? page : undefined;
  }
}
