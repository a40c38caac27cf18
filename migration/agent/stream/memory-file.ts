import { write } from 'node:fs';
import { promisify } from 'node:util';
import { PAGE, PageHashes, pageHash, pagesIn } from './page-hashes.ts';
import { addStretch, type Stretch } from './page-matcher.ts';

const writeAt = promisify(write);

/** A file of memory that has arrived. */
export interface ArrivedMemory {
  /** The hash of each of its pages. */
  hashes: PageHashes;
  /** What its pages are, from the first to the last: those of the base, and those that the file on this node holds, one behind the other. */
  stretches: readonly Stretch[];
}

/** Takes in a file of memory: writes the pages that are new, and notes which are those of the base. Calls must follow each other. */
export class MemoryFile {
  readonly #fd: number;
  readonly #base: PageHashes;
  readonly #hashes = new PageHashes();
  readonly #stretches: Stretch[] = [];
  /** Of the memory, and of those the bytes that are in the file. */
  #bytes = 0;
  #written = 0;

  /** `fd`: an empty file. */
  constructor(fd: number, base: PageHashes) {
    this.#fd = fd;
    this.#base = base;
  }

  /** The next pages have the content of `count` of the base, from `page` on. */
  copy(page: number, count: number): void {
    if (page + count > this.#base.length)
      throw new Error(`there are no pages ${page} to ${page + count} to refer to`);
    this.#requireWhole();
    for (let index = page; index < page + count; index += 1) this.#hashes.push(this.#base.at(index) ?? 0n);
    addStretch(this.#stretches, { page, count });
    this.#bytes += count * PAGE;
  }

  /** The next pages are these; fewer bytes than a page only at the end of the file. */
  async data(bytes: Buffer): Promise<void> {
    this.#requireWhole();
    await this.#write(bytes);
    for (let at = 0; at < bytes.length; at += PAGE)
      this.#hashes.push(pageHash(bytes.subarray(at, at + PAGE)));
    addStretch(this.#stretches, { count: pagesIn(bytes.length) });
    this.#bytes += bytes.length;
  }

  /** It has come to its end. Throws unless it is as long as that, and has that hash. */
  end(bytes: number, hash: bigint): ArrivedMemory {
    if (this.#bytes !== bytes || this.#hashes.digest() !== hash) throw new Error('wrong checksum');
    return { hashes: this.#hashes, stretches: this.#stretches };
  }

  #requireWhole(): void {
    if (this.#bytes % PAGE !== 0) throw new Error('pages follow a part of one');
  }

  /** A full file system shows as a short write first. */
  async #write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await writeAt(this.#fd, bytes, at, bytes.length - at, this.#written);
      at += bytesWritten;
      this.#written += bytesWritten;
    }
  }
}
