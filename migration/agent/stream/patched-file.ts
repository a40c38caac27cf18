import { ftruncate, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { PAGE, PageHashes, pageHash, pagesIn } from './page-hashes.ts';
import { PageWindow } from './page-window.ts';

const readAt = promisify(read);
const writeAt = promisify(write);
const truncate = promisify(ftruncate);

/** As many pages are moved at once. */
const CHUNK_PAGES = 256;

/** A file of memory on this node, and the hash of each of its pages. */
export interface PagesOnDisk {
  bytes: number;
  hashes: PageHashes;
}

/**
 * Makes a file of memory out of its base, in its place, from its beginning to its end; the pages that stay where they are cost
 * nothing. Every other page is hashed as it is written, those were when they were, so that the hash over all speaks for all.
 * Calls must follow each other.
 */
export class PatchedFile {
  readonly #fd: number;
  readonly #base: PagesOnDisk;
  readonly #window = new PageWindow();
  readonly #hashes = new PageHashes();
  #bytes = 0;
  /** Pages of the base that were overwritten, as long as they may be referred to. */
  #kept: { page: number; bytes: Buffer }[] = [];

  /** `fd`: the base's file, open for both directions. */
  constructor(fd: number, base: PagesOnDisk) {
    this.#fd = fd;
    this.#base = base;
  }

  /** The next pages are `count` of the base, from `page` on. */
  async copy(page: number, count: number): Promise<void> {
    if (!this.#window.has(page) || page + count > this.#base.hashes.length)
      throw new Error(`there are no pages ${page} to ${page + count} to refer to`);
    if (page === this.#window.made) return this.#stay(count);
    for (let done = 0; done < count; done += CHUNK_PAGES)
      await this.data(await this.#read(page + done, Math.min(CHUNK_PAGES, count - done)));
  }

  /** The next pages are these; fewer bytes than a page only at the end of the file. */
  async data(bytes: Buffer): Promise<void> {
    this.#requireWhole();
    const count = pagesIn(bytes.length);
    await this.#keep(count);
    await this.#write(bytes);
    for (let at = 0; at < bytes.length; at += PAGE)
      this.#hashes.push(pageHash(bytes.subarray(at, at + PAGE)));
    this.#bytes += bytes.length;
    this.#window.overwrites(count);
    this.#forget();
  }

  /** The file is made. Throws unless it is as long as that, and has that hash. */
  async end(bytes: number, hash: bigint): Promise<PagesOnDisk> {
    if (this.#bytes !== bytes || this.#hashes.digest() !== hash) throw new Error('wrong checksum');
    if (this.#base.bytes > bytes) await truncate(this.#fd, bytes);
    return { bytes, hashes: this.#hashes };
  }

  #stay(count: number): void {
    this.#requireWhole();
    const first = this.#window.made;
    for (let page = first; page < first + count; page += 1)
      this.#hashes.push(this.#base.hashes.at(page) ?? 0n);
    this.#bytes = Math.min((first + count) * PAGE, this.#base.bytes);
    this.#window.stays(count);
    this.#kept = [];
  }

  #requireWhole(): void {
    if (this.#bytes !== this.#window.made * PAGE) throw new Error('pages follow a part of one');
  }

  /** Keeps what is about to be overwritten. */
  async #keep(count: number): Promise<void> {
    const page = this.#window.made;
    const there = Math.min(count, this.#base.hashes.length - page);
    if (there > 0) this.#kept.push({ page, bytes: await this.#readFile(page, there) });
  }

  #forget(): void {
    while (this.#kept[0] !== undefined && endOf(this.#kept[0]) <= this.#window.from) this.#kept.shift();
  }

  /** Pages of the base, wherever they are. */
  async #read(page: number, count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let at = page; at < page + count; ) {
      const kept = this.#kept.find((piece) => at >= piece.page && at < endOf(piece));
      const left = page + count - at;
      if (kept === undefined) {
        pieces.push(await this.#readFile(at, left));
        break;
      }
      const from = at - kept.page;
      pieces.push(kept.bytes.subarray(from * PAGE, (from + left) * PAGE));
      at = Math.min(endOf(kept), at + left);
    }
    return Buffer.concat(pieces);
  }

  async #readFile(page: number, count: number): Promise<Buffer> {
    const start = page * PAGE;
    const bytes = Buffer.allocUnsafe(Math.min(count * PAGE, this.#base.bytes - start));
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await readAt(this.#fd, bytes, at, bytes.length - at, start + at);
      if (bytesRead === 0) throw new Error('the memory that was sent ahead has become shorter');
      at += bytesRead;
    }
    return bytes;
  }

  /** A full file system shows as a short write first. */
  async #write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await writeAt(this.#fd, bytes, at, bytes.length - at, this.#bytes + at);
      at += bytesWritten;
    }
  }
}

const endOf = ({ page, bytes }: { page: number; bytes: Buffer }): number => page + pagesIn(bytes.length);
