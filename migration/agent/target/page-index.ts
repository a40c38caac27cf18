import type { PageRun } from '../criu-pagemap.ts';
import { PAGE } from '../stream/page-hashes.ts';

/** Finds what follows each other in runs by where it begins: the last run that begins at `at` or before. */
function lastUpTo(begins: readonly number[], at: number): number {
  let [low, high] = [0, begins.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((begins[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The pages of a process, numbered in the order of their addresses. */
export class PageAddresses {
  readonly #runs: readonly PageRun[];
  readonly #addresses: number[];
  /** Number of the first page of each run. */
  readonly #firsts: number[] = [];

  constructor(runs: readonly PageRun[]) {
    this.#runs = runs;
    this.#addresses = runs.map(({ address }) => address);
    let first = 0;
    for (const { pages } of runs) {
      this.#firsts.push(first);
      first += pages;
    }
  }

  /** The number of the page at an address, and how many follow each other from it on. */
  find(address: number): { page: number; pages: number } | undefined {
    const index = lastUpTo(this.#addresses, address);
    const run = this.#runs[index];
    if (run === undefined) return undefined;
    const within = (address - run.address) / PAGE;
    if (within >= run.pages) return undefined;
    return { page: (this.#firsts[index] ?? 0) + within, pages: run.pages - within };
  }
}

/** Where the content of pages is: in a file, from one of its pages on. */
export interface Place {
  file: string;
  page: number;
}

/** Where the content of each of a process's pages is. */
export class PagePlaces {
  readonly #firsts: number[] = [];
  readonly #places: Place[] = [];
  #length = 0;

  /** The next pages are there. */
  push({ file, page }: Place, pages: number): void {
    const last = this.#places.at(-1);
    const since = this.#length - (this.#firsts.at(-1) ?? 0);
    if (last === undefined || last.file !== file || last.page + since !== page) {
      this.#firsts.push(this.#length);
      this.#places.push({ file, page });
    }
    this.#length += pages;
  }

  /** Pages in stretches, each of which is in one place. */
  *find(page: number, pages: number): Generator<Place & { pages: number }> {
    for (let at = page; at < page + pages; ) {
      const index = lastUpTo(this.#firsts, at);
      const place = this.#places[index];
      if (place === undefined || at >= this.#length) throw new Error(`there is no page ${at}`);
      const end = Math.min(page + pages, this.#firsts[index + 1] ?? this.#length);
      yield { file: place.file, page: place.page + at - (this.#firsts[index] ?? 0), pages: end - at };
      at = end;
    }
  }
}
