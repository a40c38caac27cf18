import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Takes the files of a state that the agent itself makes: archives and small files, by their paths (see state-layout.ts). */
export interface StateOutput {
  /** Takes one file, whole. Rejects when it cannot be written, or its content cannot be read. */
  write(file: string, content: AsyncIterable<Buffer>): Promise<void>;
}

/** Puts them into a staging directory, beside the images. */
export function stagedOutput(staging: string): StateOutput {
  return {
    async write(file, content) {
      const target = path.join(staging, file);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      await pipeline(Readable.from(content), createWriteStream(target, { mode: 0o600 }));
    },
  };
}
