/** Pages of a base that were overwritten and are still kept, at most: so far may content move towards the end of a file. */
const KEPT_PAGES = 16 * 1024;

/**
 * Which pages of a base can be referred to while a file is made of it in its place, from its beginning to its end. What lies
 * ahead of the end of what was made is untouched. Of what lies behind, pages are kept that were overwritten since the last one that
 * stayed in its place, up to a bound. Sender and receiver count alike, so neither has to tell the other.
 */
export class PageWindow {
  #made = 0;
  #from = 0;

  /** How many pages were made. */
  get made(): number {
    return this.#made;
  }

  /** The first page that is kept. */
  get from(): number {
    return this.#from;
  }

  /** Whether a page of the base can be referred to. */
  has(page: number): boolean {
    return page >= this.#from;
  }

  /** The next page is that of the base in the same place. */
  stays(count = 1): void {
    this.#made += count;
    this.#from = this.#made;
  }

  /** The next page overwrites that of the base. */
  overwrites(count = 1): void {
    this.#made += count;
    this.#from = Math.max(this.#from, this.#made - KEPT_PAGES);
  }
}
