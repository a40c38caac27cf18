import { closeSync, openSync, readSync } from 'node:fs';
import { PAGE } from '../stream/page-hashes.ts';

const ENTRY = 8;
/** In the upper half of an entry of pagemap: what of it belongs to the number of the page frame. */
const FRAME = 0x7fffff;
/** KPF_ZERO_PAGE, bit 24: https://docs.kernel.org/admin-guide/mm/pagemap.html */
const IS_ZERO = 1 << 24;
const ZEROS = Buffer.alloc(PAGE);

/**
 * Tells a page that a process has read and never written to, for which the kernel shows it a page of zeros that all processes share. It
 * is in memory like its own, but CRIU does not dump it, so that sending it would be in vain.
 * https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/mem.c, should_dump_page
 */
export class ZeroPages {
  readonly #pagemap: number;
  readonly #flags: number | undefined;
  readonly #entry = Buffer.alloc(ENTRY);

  /** Throws when the process has ended. */
  constructor(pid: number, proc = '/proc') {
    this.#pagemap = openSync(`${proc}/${pid}/pagemap`, 'r');
    this.#flags = openIfThere(`${proc}/kpageflags`);
  }

  /** `content`: of the page at this address. */
  isOne(address: number, content: Buffer): boolean {
    if (this.#flags === undefined || !content.equals(ZEROS)) return false;
    if (!this.#read(this.#pagemap, address / PAGE)) return false;
    const frame = (this.#entry.readUInt32LE(4) & FRAME) * 2 ** 32 + this.#entry.readUInt32LE(0);
    // Without CAP_SYS_ADMIN the kernel says 0 for every page.
    if (frame === 0 || !this.#read(this.#flags, frame)) return false;
    return (this.#entry.readUInt32LE(0) & IS_ZERO) !== 0;
  }

  close(): void {
    closeSync(this.#pagemap);
    if (this.#flags !== undefined) closeSync(this.#flags);
  }

  #read(file: number, index: number): boolean {
    return readSync(file, this.#entry, 0, ENTRY, index * ENTRY) === ENTRY;
  }
}

/** A kernel may be built without it. */
function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch {
    return undefined;
  }
}
