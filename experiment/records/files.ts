import { appendFileSync, createReadStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { type ExperimentRecord, type Head, record, type Samples, samples } from './record.ts';

const RUNS = 'runs.jsonl';
const SAMPLES = 'samples.jsonl.gz';

/** The files of one experiment. */
export class ResultFolder {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  get isBegun(): boolean {
    return existsSync(this.#path(RUNS));
  }

  /**
   * The head and all lines after it. A last line that was cut off is left out.
   * @throws when a line cannot be understood, naming it
   */
  read(): { head: Head; records: ExperimentRecord[] } {
    const text = readFileSync(this.#path(RUNS), 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1).trimEnd();
    const all = whole.split('\n').map((line, index) => this.#parse(line, index));
    const [first, ...records] = all;
    if (first?.kind !== 'head') throw new Error(`${this.#path(RUNS)} does not begin with a head`);
    return { head: first, records };
  }

  append(line: ExperimentRecord): void {
    mkdirSync(this.dir, { recursive: true });
    appendFileSync(this.#path(RUNS), `${JSON.stringify(line)}\n`);
  }

  /** Each is compressed by itself: gzip files may be put one behind the other (RFC 1952, 2.2). */
  appendSamples(of: Samples): void {
    mkdirSync(this.dir, { recursive: true });
    appendFileSync(this.#path(SAMPLES), gzipSync(`${JSON.stringify(of)}\n`, { level: 9 }));
  }

  /** One after another, as together they may be large. */
  async *readSamples(): AsyncGenerator<Samples> {
    const file = this.#path(SAMPLES);
    if (!existsSync(file)) return;
    const input = createReadStream(file).pipe(createGunzip());
    for await (const line of createInterface({ input })) yield samples.parse(JSON.parse(line));
  }

  #parse(line: string, index: number): ExperimentRecord {
    try {
      return record.parse(JSON.parse(line));
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      throw new Error(`${this.#path(RUNS)}, line ${index + 1}: ${why}`, { cause: error });
    }
  }

  #path(name: string): string {
    return join(this.dir, name);
  }
}
