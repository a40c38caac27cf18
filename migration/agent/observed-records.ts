import type { z } from 'zod';
import { Records } from './records.ts';

/** What a record says about where something stands. */
export interface Standing {
  id: string;
  state: string;
}

/** Told of a record that has changed, once that is on disk. `before` is undefined for a new one. */
export type OnChange<T> = (before: T | undefined, after: T) => void;

/**
 * Records whose changes are told. Every change of state goes through a record, so this is the one place to see them all from,
 * and those that keep records need not know who counts them.
 */
export class ObservedRecords<T extends Standing> extends Records<T> {
  readonly #onChange: OnChange<T>;
  readonly #known = new Map<string, T>();

  constructor(dir: string, schema: z.ZodType<T>, onChange: OnChange<T>) {
    super(dir, schema);
    this.#onChange = onChange;
  }

  /** As they were saved last. */
  known(): Iterable<T> {
    return this.#known.values();
  }

  override async load(): Promise<T[]> {
    const found = await super.load();
    for (const record of found) this.#known.set(record.id, record);
    return found;
  }

  override async save(record: T): Promise<void> {
    await super.save(record);
    const before = this.#known.get(record.id);
    this.#known.set(record.id, record);
    this.#onChange(before, record);
  }

  override async remove(id: string): Promise<void> {
    this.#known.delete(id);
    await super.remove(id);
  }
}
