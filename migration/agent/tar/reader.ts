import { BLOCK, isZeroBlock, padding, parseHeader, type TarHeader, TYPE } from './header.ts';
import { type PaxRecords, parsePax } from './pax.ts';

/** One member of an archive. Its body has to be consumed (or skipped) before the next member is asked for. */
export interface TarMember {
  header: TarHeader;
  /** The header as it stood in the archive. */
  rawHeader: Buffer;
  pax: PaxRecords;
  /** As written, not normalised. */
  path: string;
  linkPath: string;
  size: number;
  body(): AsyncGenerator<Buffer>;
}

/** More than any extended attributes that a kernel holds for one file. */
export const MOST_PAX_BYTES = 4 * 1024 * 1024;

/** Reads the members of a tar stream one after another. Throws when the stream ends inside one. */
export async function* readTar(stream: AsyncIterable<Buffer>): AsyncGenerator<TarMember> {
  const bytes = new Bytes(stream);
  let pax: PaxRecords = new Map();
  for (;;) {
    const block = await bytes.take(BLOCK);
    if (block === undefined) throw new Error('tar archive ends without its end marker');
    if (isZeroBlock(block)) return bytes.drain();
    const header = parseHeader(block);
    if (header.type === TYPE.pax || header.type === TYPE.paxGlobal) {
      if (header.size > MOST_PAX_BYTES) throw new Error('tar archive with an oversized extended header');
      const body = await bytes.must(header.size);
      await bytes.must(padding(header.size));
      if (header.type === TYPE.pax) pax = parsePax(body);
      continue;
    }
    const member = memberOf(header, block, pax, bytes);
    pax = new Map();
    yield member;
    await member.skip();
  }
}

/** A member's path; GNU tar keeps that of a sparse file in a record of its own. */
export function memberPath(header: TarHeader, pax: PaxRecords): string {
  return (pax.get('GNU.sparse.name') ?? pax.get('path'))?.toString('utf8') ?? header.name;
}

/** How many bytes a member's body takes in the archive; sizes from 8 GiB on stand in a pax record. */
export function memberSize(header: TarHeader, pax: PaxRecords): number {
  const size = Number(pax.get('size')?.toString('latin1') ?? header.size);
  if (!Number.isSafeInteger(size) || size < 0) throw new Error('tar member with an impossible size');
  return size;
}

function memberOf(header: TarHeader, rawHeader: Buffer, pax: PaxRecords, bytes: Bytes) {
  const size = memberSize(header, pax);
  let left = size;
  let padded = padding(size);
  async function* body(): AsyncGenerator<Buffer> {
    while (left > 0) {
      const chunk = await bytes.some(left);
      left -= chunk.length;
      yield chunk;
    }
    const rest = padded;
    padded = 0;
    await bytes.must(rest);
  }
  return {
    header,
    rawHeader,
    pax,
    path: memberPath(header, pax),
    linkPath: pax.get('linkpath')?.toString('utf8') ?? header.linkName,
    size,
    body,
    async skip(): Promise<void> {
      for await (const _chunk of body());
    },
  };
}

/** Takes bytes off a stream of chunks in the portions that a reader wants. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Up to `most` bytes, at least one; throws at the end of the stream. */
  async some(most: number): Promise<Buffer> {
    if (this.#chunk.length === 0 && !(await this.#next())) throw new Error('tar archive is cut short');
    const part = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }

  /** Exactly `count` bytes, or undefined when the stream ended before the first of them. */
  async take(count: number): Promise<Buffer | undefined> {
    if (this.#chunk.length === 0 && !(await this.#next())) return undefined;
    return this.must(count);
  }

  /** Exactly `count` bytes. */
  async must(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const part = await this.some(left);
      parts.push(part);
      left -= part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** Reads what follows the end marker (padding of the last record), so that the writer is not cut off. */
  async drain(): Promise<void> {
    while (await this.#next());
  }

  async #next(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      if (value.length > 0) {
        this.#chunk = value;
        return true;
      }
    }
  }
}
