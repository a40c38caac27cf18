import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { IMAGE_DIR, LAYER_FILE, SHM_FILE } from '../state-layout.ts';
import { BLOCK, makeHeader, padding, TYPE } from '../tar/header.ts';

const MIB = 1024 * 1024;

/** What describes an archive to its receiver. */
export interface ArchiveSum {
  bytes: number;
  sha256: string;
}

/**
 * Packs a staging directory (`image/*`, `rw.tar`, `shm.tar`) into one tar file and removes each part as soon as it is in:
 * both live in memory, and the state should not stand there twice. Returns size and hash, counted while writing.
 */
export async function packState(staging: string, file: string): Promise<ArchiveSum> {
  const hash = createHash('sha256');
  const output = await open(file, 'w', 0o600);
  let bytes = 0;
  const write = async (chunk: Buffer): Promise<void> => {
    hash.update(chunk);
    await output.writeFile(chunk);
    bytes += chunk.length;
  };
  try {
    for (const name of await partsOf(staging)) {
      const part = path.join(staging, name);
      const { size } = await stat(part);
      await write(makeHeader({ name, type: TYPE.file, size }));
      for await (const chunk of contents(part, size)) await write(chunk);
      await write(Buffer.alloc(padding(size)));
      await unlink(part);
    }
    await write(Buffer.alloc(2 * BLOCK));
  } finally {
    await output.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Most images are a few hundred bytes: those are read at once, without a stream's buffers. */
async function* contents(file: string, size: number): AsyncGenerator<Buffer> {
  if (size <= MIB) yield await readFile(file);
  else yield* createReadStream(file, { highWaterMark: MIB });
}

/** The files of a staging directory, relative to it: those beside the images first. */
export async function partsOf(staging: string): Promise<string[]> {
  const beside = (await readdir(staging)).filter((name) => name === LAYER_FILE || name === SHM_FILE);
  const images = await readdir(path.join(staging, IMAGE_DIR));
  return [...beside.sort(), ...images.sort().map((name) => `${IMAGE_DIR}/${name}`)];
}
