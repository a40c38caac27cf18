import { KnownPages } from './known-pages.ts';
import { PAGE, PageHashes, pageHash } from './page-hashes.ts';
import { PageMatcher } from './page-matcher.ts';
import type { StateSender } from './sender.ts';

/** A file of memory that the receiver has. */
export interface Base {
  /** Its path. */
  path: string;
  pages: KnownPages;
}

/** Sends a file of memory to a receiver that has an earlier one: only those pages whose content is not in that. */
export class MemorySender {
  readonly #sender: StateSender;
  readonly #matcher: PageMatcher;
  readonly #hashes = new PageHashes();
  readonly #file: number;
  #bytes = 0;

  /** Without a base all of it is sent. */
  constructor(sender: StateSender, path: string, base: Base | undefined) {
    this.#sender = sender;
    this.#matcher = new PageMatcher(base?.pages ?? new KnownPages());
    this.#file = sender.beginMemory(path, base?.path ?? '');
  }

  /** Sends the next bytes: whole pages but at the end of the file. They may be overwritten once this has resolved. */
  async send(bytes: Buffer): Promise<void> {
    const hashes = hashesOf(bytes);
    this.#bytes += bytes.length;
    let at = 0;
    for (const { page, count } of this.#matcher.match(hashes)) {
      const piece = bytes.subarray(at, at + count * PAGE);
      at += count * PAGE;
      if (page === undefined) await this.#sender.portions(this.#file, piece);
      else await this.#sender.copy(this.#file, page, count);
    }
    for (const hash of hashes) this.#hashes.push(hash);
  }

  /** Ends the file, and returns the hashes of its pages. */
  end(): PageHashes {
    this.#sender.endMemory(this.#file, this.#bytes, this.#hashes.digest());
    return this.#hashes;
  }
}

function hashesOf(bytes: Buffer): bigint[] {
  const hashes: bigint[] = [];
  for (let at = 0; at < bytes.length; at += PAGE) hashes.push(pageHash(bytes.subarray(at, at + PAGE)));
  return hashes;
}
