import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/**
 * Small JSON documents that outlive the process, one file each. A record is on disk, whole, when `save` returns:
 * written to a temporary file, flushed, renamed, and the folder flushed.
 */
export class Records<T extends { id: string }> {
  readonly #dir: string;
  readonly #schema: z.ZodType<T>;
  /** Writes to one record follow each other: two temporary files must not race for the same name. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(dir: string, schema: z.ZodType<T>) {
    this.#dir = dir;
    this.#schema = schema;
  }

  /**
   * All records. Leftover temporary files are removed. A record that cannot be read is an error, not a missing one:
   * forgetting it could start a pod from zero.
   */
  async load(): Promise<T[]> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const found: T[] = [];
    for (const name of await readdir(this.#dir)) {
      const file = path.join(this.#dir, name);
      if (name.endsWith('.tmp')) await unlink(file);
      else if (name.endsWith('.json')) found.push(this.#parse(file, await readFile(file, 'utf8')));
    }
    return found;
  }

  /** Writes a record; it is durable when this returns. */
  async save(record: T): Promise<void> {
    const text = JSON.stringify(record);
    await this.#inOrder(record.id, () => this.#write(record.id, text));
  }

  async remove(id: string): Promise<void> {
    await this.#inOrder(id, async () => {
      await unlink(this.#file(id)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    });
  }

  #parse(file: string, text: string): T {
    try {
      return this.#schema.parse(JSON.parse(text));
    } catch (cause) {
      const words = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
      throw new Error(`record ${file} cannot be read: ${words}`, { cause });
    }
  }

  #file(id: string): string {
    if (!/^[a-z0-9-]+$/.test(id)) throw new Error(`'${id}' is no record id`);
    return path.join(this.#dir, `${id}.json`);
  }

  async #write(id: string, text: string): Promise<void> {
    const file = this.#file(id);
    const temporary = `${file}.tmp`;
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    const folder = await open(this.#dir, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async #inOrder(id: string, work: () => Promise<void>): Promise<void> {
    const before = this.#writing.get(id) ?? Promise.resolve();
    const now = before.catch(() => undefined).then(work);
    this.#writing.set(id, now);
    try {
      await now;
    } finally {
      if (this.#writing.get(id) === now) this.#writing.delete(id);
    }
  }
}
