import { PAGE } from './stream/page-hashes.ts';
import { entriesOf, withEntries } from './target/criu-image.ts';
import { varint } from './target/protobuf.ts';

/** Pages of a process that follow each other, as an entry of its pagemap tells of them. */
export interface PageRun {
  address: number;
  pages: number;
  flags: number;
}

/** The pages lie in the image beside the pagemap; in the folder that is called `parent` there, at the same addresses. */
export const PRESENT = 4;
export const IN_PARENT = 1;

/**
 * CRIU's image `pagemap-PID.img`: which pages of a process lie in the image `pages-N.img`, one behind the other.
 * https://github.com/checkpoint-restore/criu/blob/criu-dev/images/pagemap.proto, https://criu.org/Memory_images
 */
export interface Pagemap {
  pagesId: number;
  /** By address. */
  runs: readonly PageRun[];
}

/** https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/include/magic.h */
const MAGIC = Buffer.from([0x19, 0x43, 0x56, 0x54, 0x25, 0x40, 0x08, 0x56]);

/** @throws Error when it is no such image */
export function readPagemap(image: Buffer): Pagemap {
  if (!image.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('not a pagemap image');
  const [head, ...entries] = entriesOf(image);
  if (head === undefined) throw new Error('a pagemap image without a head');
  return { pagesId: numbersOf(head)[1] ?? 0, runs: entries.map(runOf) };
}

export function pagemapImage({ pagesId, runs }: Pagemap): Buffer {
  const head = message([[1, pagesId]]);
  const entries = runs.map(({ address, pages, flags }) =>
    message([
      [1, address],
      [2, pages],
      [4, flags],
    ]),
  );
  return withEntries(MAGIC, [head, ...entries]);
}

/** Adds a page behind those that are there. */
export function addPages(runs: PageRun[], address: number, pages: number, flags = PRESENT): void {
  const last = runs.at(-1);
  if (last !== undefined && last.flags === flags && last.address + last.pages * PAGE === address)
    last.pages += pages;
  else runs.push({ address, pages, flags });
}

/** Older images have the number of pages in the second field only, and tell of the parent in the third. */
function runOf(entry: Buffer): PageRun {
  const [
    ,
    address = 0,
    short = 0,
    inParent = 0,
    flags = inParent === 0 ? PRESENT : IN_PARENT,
    pages = short,
  ] = numbersOf(entry);
  return { address, pages, flags };
}

/** The fields of a message in which all are numbers, by their own. */
function numbersOf(text: Buffer): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < text.length; ) {
    const [key, afterKey] = varint(text, at);
    const [value, end] = varint(text, afterKey);
    if ((key & 7) !== 0) throw new Error('a pagemap image with a field that is no number');
    numbers[key >>> 3] = value;
    at = end;
  }
  return numbers;
}

function message(fields: readonly [number: number, value: number][]): Buffer {
  const bytes: number[] = [];
  for (const [number, value] of fields) {
    bytes.push(number << 3);
    let left = value;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
    bytes.push(left);
  }
  return Buffer.from(bytes);
}
