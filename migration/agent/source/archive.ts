import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, unlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import { statePart } from '../state-layout.ts';
import { BLOCK, makeHeader, padding, TYPE } from '../tar/header.ts';

/**
 * Bytes that are read or written at once. All of it lies in memory, where that takes well under a millisecond: done right
 * here it costs less than being handed to another thread and back, several times for each of some forty small files.
 */
const PORTION = 1024 * 1024;

/**
 * Packs a staging directory (see state-layout.ts) into one tar file and removes each part as soon as it is in:
 * both live in memory, and the state should not stand there twice. Returns the archive's size in bytes.
 */
export async function packState(staging: string, file: string): Promise<number> {
  const names = await partsOf(staging);
  const output = new Output(file);
  try {
    for (const name of names) {
      const part = path.join(staging, name);
      const input = openSync(part, 'r');
      try {
        const { size } = fstatSync(input);
        output.add(makeHeader({ name, type: TYPE.file, size }));
        await eachPortion(input, (portion) => output.add(portion));
        output.add(Buffer.alloc(padding(size)));
      } finally {
        closeSync(input);
      }
      unlinkSync(part);
    }
    output.add(Buffer.alloc(2 * BLOCK));
    return output.flush();
  } finally {
    output.close();
  }
}

/** SHA-256 of a file in memory, in hexadecimal. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  const input = openSync(file, 'r');
  try {
    await eachPortion(input, (portion) => hash.update(portion));
  } finally {
    closeSync(input);
  }
  return hash.digest('hex');
}

/** The files of a staging directory, relative to it (see state-layout.ts): archives first, so that they can be used first. */
export async function partsOf(staging: string): Promise<string[]> {
  const all = await readdir(staging, { recursive: true });
  const parts = all.filter((name) => statePart(name) !== undefined);
  const isImage = (name: string): number => (statePart(name)?.kind === 'image' ? 1 : 0);
  return parts.sort((a, b) => isImage(a) - isImage(b) || (a < b ? -1 : 1));
}

/** Hands over a file in portions, which are valid only during the call; lets other work run after each full one. */
async function eachPortion(input: number, take: (portion: Buffer) => void): Promise<void> {
  const buffer = Buffer.allocUnsafe(PORTION);
  for (;;) {
    const bytes = readSync(input, buffer, 0, PORTION, null);
    if (bytes === 0) return;
    take(buffer.subarray(0, bytes));
    if (bytes === PORTION) await otherWork();
  }
}

/** Writes a file in portions, however small the pieces are that it is given. */
class Output {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(PORTION);
  #used = 0;
  #bytes = 0;

  constructor(file: string) {
    this.#fd = openSync(file, 'w', 0o600);
  }

  add(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.copy(this.#buffer, this.#used, at);
      at += taken;
      this.#used += taken;
      if (this.#used === PORTION) this.flush();
    }
  }

  /** Returns how many bytes were written in all. */
  flush(): number {
    writeFileSync(this.#fd, this.#buffer.subarray(0, this.#used));
    this.#bytes += this.#used;
    this.#used = 0;
    return this.#bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
