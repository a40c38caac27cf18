import type { Logger } from '../log.ts';
import type { Records } from '../records.ts';
import { isFinal, type TargetDocument } from './record.ts';

/** Where a target stands: its record, which changes only here, and those who wait for a change. */
export class Standing {
  readonly #records: Records<TargetDocument>;
  readonly #log: Logger;
  readonly #watchers = new Set<() => void>();
  #document: TargetDocument;
  /** The last write of the record; what is final is told to others only after it. */
  #saved: Promise<void> = Promise.resolve();

  constructor(document: TargetDocument, records: Records<TargetDocument>, log: Logger) {
    this.#document = document;
    this.#records = records;
    this.#log = log;
  }

  get document(): TargetDocument {
    return this.#document;
  }

  /** Resolves when the state is one of `states`, or after `timeoutMs`. */
  async until(states: ReadonlySet<TargetDocument['state']>, timeoutMs: number): Promise<void> {
    if (!states.has(this.#document.state) && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#watchers.delete(look);
          resolve();
        };
        const look = (): void => {
          if (states.has(this.#document.state)) done();
        };
        const timer = setTimeout(done, timeoutMs);
        this.#watchers.add(look);
      });
    }
    if (isFinal(this.#document.state)) await this.#saved.catch(() => undefined);
  }

  /** Resolves at the next change, or after `timeoutMs`. */
  async nextChange(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#watchers.add(done);
    });
  }

  /** Changes the record, and tells those who wait. */
  change(part: Partial<TargetDocument>): void {
    this.set(part);
    this.tell();
  }

  /** A change that others may act upon only once it is durable. */
  async settle(part: Partial<TargetDocument>): Promise<void> {
    this.set(part);
    try {
      await this.save();
    } finally {
      this.tell();
    }
  }

  /** A change that nobody is told of yet. */
  set(part: Partial<TargetDocument>): void {
    const before = this.#document;
    this.#document = { ...before, ...part, changedAt: new Date().toISOString() };
    if (part.state !== undefined) this.#log.info({ from: before.state, to: part.state }, 'target');
  }

  /** Back to how it stood before a change that could not be written. */
  takeBack(document: TargetDocument): void {
    this.#document = document;
  }

  tell(): void {
    for (const tell of [...this.#watchers]) tell();
  }

  save(): Promise<void> {
    this.#saved = this.#records.save(this.#document);
    return this.#saved;
  }

  /** The last write of the record. */
  saved(): Promise<void> {
    return this.#saved;
  }

  /** As if nobody had ever asked for it. */
  forget(): Promise<void> {
    return this.#records.remove(this.#document.id);
  }
}
