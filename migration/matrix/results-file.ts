import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { cells } from './faults.ts';
import type { Result } from './report.ts';

const title = z.string();
const stored = z.discriminatedUnion('kind', [
  z.strictObject({
    title,
    kind: z.literal('played'),
    played: z.strictObject({
      outcome: z.enum(['stayed', 'moved']),
      words: z.string(),
      acknowledged: z.int(),
      longestPauseMs: z.number(),
      faults: z.array(z.string()),
    }),
  }),
  z.strictObject({ title, kind: z.literal('impossible'), reason: z.string() }),
  z.strictObject({ title, kind: z.literal('broken'), message: z.string() }),
]);

/** What came of the cells on one lab so far, kept over runs, so that one that was stopped goes on where it was. */
export class ResultsFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * In the matrix' order; cells that it no longer has are left out.
   * @throws Error that names the file when somebody else wrote it
   */
  read(): Result[] {
    const known = new Map(this.#load().map((result) => [result.title, result]));
    return cells.flatMap((cell) => {
      const found = known.get(cell.title);
      if (found === undefined) return [];
      const { title: _, ...result } = found;
      return [{ cell, ...result }];
    });
  }

  /** Takes the place of what came of the cell before. */
  add({ cell, ...result }: Result): void {
    const others = this.#load().filter((other) => other.title !== cell.title);
    const all = [...others, stored.parse({ title: cell.title, ...result })];
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(all, null, 1)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  #load(): z.infer<typeof stored>[] {
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    try {
      return z.array(stored).parse(JSON.parse(text));
    } catch (cause) {
      throw new Error(`${this.#file} holds no results of the matrix: remove it`, { cause });
    }
  }
}
