import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { StateOutput } from '../source/state-output.ts';
import { StreamEncoder } from './format.ts';
import { type Pace, unbounded } from './pace.ts';
import { PAGE } from './page-hashes.ts';

/** Records smaller than this are gathered: forty small files are not worth forty encryptions and system calls. */
const SMALL = 16 * 1024;
const GATHERED = 64 * 1024;

/**
 * Writes a state to a stream as it comes to be known. Never holds more than the callers' own pieces: each call resolves
 * when the stream has room again. Everything rejects once the stream is broken.
 */
export class StateSender implements StateOutput {
  readonly #output: Writable;
  readonly #pace: Pace;
  readonly #encoder = new StreamEncoder();
  /** Rejects when the stream breaks. */
  readonly #broken: Promise<never>;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #bytes = 0;

  constructor(output: Writable, pace: Pace = unbounded) {
    this.#output = output;
    this.#pace = pace;
    this.#broken = new Promise((_resolve, reject) => {
      output.once('error', reject);
      output.once('close', () => output.writableEnded || reject(new Error('the connection was closed')));
    });
    // Whoever is sending hears of it; when nobody is, nobody needs to.
    this.#broken.catch(() => undefined);
  }

  /** How many bytes of files the receiver has by this, sent or referred to. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The longest piece that `data` takes. */
  get portion(): number {
    return this.#pace.portion;
  }

  /** Begins a file, and returns its number. */
  begin(path: string): number {
    const { file, record } = this.#encoder.begin(path);
    this.#gather(record);
    return file;
  }

  /** Begins a file of memory, which refers to `base` (empty: to none), and returns its number. */
  beginMemory(path: string, base: string): number {
    const { file, record } = this.#encoder.beginMemory(path, base);
    this.#gather(record);
    return file;
  }

  /** The next pages of a file of memory have the content of `count` of its base, from `page` on. */
  async copy(file: number, page: number, count: number): Promise<void> {
    this.#bytes += count * PAGE;
    this.#gather(this.#encoder.copy(file, page, count));
    if (this.#gatheredBytes >= GATHERED) await this.flush();
  }

  endMemory(file: number, bytes: number, hash: bigint): void {
    this.#gather(this.#encoder.endMemory(file, bytes, hash));
  }

  /** Sends the next bytes of a file. They may be overwritten once this has resolved. */
  async data(file: number, bytes: Buffer): Promise<void> {
    this.#bytes += bytes.length;
    this.#gather(this.#encoder.data(file, bytes));
    if (bytes.length < SMALL) this.#gather(Buffer.from(bytes));
    else await this.#send(bytes);
    if (this.#gatheredBytes >= GATHERED) await this.flush();
    await this.#pace.spend(bytes.length);
  }

  end(file: number): void {
    this.#gather(this.#encoder.end(file));
  }

  async write(path: string, content: AsyncIterable<Buffer>): Promise<void> {
    const file = this.begin(path);
    for await (const chunk of content) await this.portions(file, chunk);
    this.end(file);
  }

  /** The same as `data`, of any length. */
  async portions(file: number, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += this.portion)
      await this.data(file, bytes.subarray(at, at + this.portion));
  }

  /** Sends what was gathered. */
  async flush(): Promise<void> {
    if (this.#gatheredBytes > 0) await this.#written(this.#takeGathered());
  }

  /** All files have ended: sends the hash over all, and ends the stream. */
  async finish(): Promise<void> {
    this.#gather(this.#encoder.finish());
    await this.flush();
    // A reader that has all it wants may close first. Whether it has is in its answer, not here.
    const over = Promise.race([once(this.#output, 'finish'), once(this.#output, 'close')]);
    this.#output.end();
    await over;
  }

  #gather(record: Buffer): void {
    this.#gathered.push(record);
    this.#gatheredBytes += record.length;
  }

  #takeGathered(): Buffer {
    const all = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return all;
  }

  /** Sends bytes right behind what was gathered; nothing of another file may come in between. */
  async #send(bytes: Buffer): Promise<void> {
    const before = this.#takeGathered();
    this.#output.write(before);
    await this.#written(bytes);
  }

  async #written(bytes: Buffer): Promise<void> {
    const flushed = new Promise<void>((resolve, reject) => {
      this.#output.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([flushed, this.#broken]);
  }
}
