import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Base, MemorySender } from './memory-sender.ts';
import { PAGE } from './page-hashes.ts';
import type { StateSender } from './sender.ts';

/** Between two looks at a folder that is being written to. */
const LOOK_MS = 5;
/** While a file grows, less than this is not sent of it: there will be more. */
const WORTH_SENDING = 256 * 1024;

interface Followed {
  descriptor: number;
  output: FileOutput;
  sent: number;
}

/** Takes one file, from its beginning to its end. */
interface FileOutput {
  send(bytes: Buffer): Promise<void>;
  end(): void;
}

const NO_BASE = (): undefined => undefined;

/**
 * Sends the files of folders while somebody writes them. CRIU only ever appends to its images, so what is there can be sent;
 * what a file has in the end shows when its writer has ended.
 */
export class FolderFollower {
  readonly #sender: StateSender;
  /** By the path of their files in the state. */
  readonly #folders: ReadonlyMap<string, string>;
  readonly #takeBase: (name: string) => Base | undefined;
  readonly #files = new Map<string, Followed>();
  /** Files that were sent to their end. */
  readonly #complete = new Set<string>();
  /** Two, so that one can be filled while the other is being sent. */
  readonly #buffers: [Buffer, Buffer];
  #sending: Promise<void> = Promise.resolve();

  /** `folders`: by the name they have in the state. `takeBase` gives what the receiver has of a file of memory. */
  constructor(
    sender: StateSender,
    folders: ReadonlyMap<string, string>,
    takeBase: (name: string) => Base | undefined = NO_BASE,
  ) {
    this.#sender = sender;
    this.#folders = folders;
    this.#takeBase = takeBase;
    const size = Math.ceil(sender.portion / PAGE) * PAGE;
    this.#buffers = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
  }

  /** Sends a file of each folder that has one, to which nobody writes any more. The receiver has it when this resolves, or soon. */
  async sendComplete(file: string): Promise<void> {
    for (const [prefix, folder] of this.#folders) {
      const [name, local] = [`${prefix}/${file}`, path.join(folder, file)];
      if (!existsSync(local)) continue;
      await this.#sendNew(name, local, 1);
      await this.#sending;
      const followed = this.#files.get(name);
      if (followed === undefined) continue;
      followed.output.end();
      closeSync(followed.descriptor);
      this.#files.delete(name);
      this.#complete.add(name);
    }
    await this.#sender.flush();
  }

  /** Sends what comes until `written` has settled, and then the rest. Files end with `end`. */
  async follow(written: Promise<unknown>): Promise<void> {
    let over = false;
    const ended = written.then(
      () => {
        over = true;
      },
      () => {
        over = true;
      },
    );
    while (!over) {
      await this.#round(WORTH_SENDING);
      await Promise.race([ended, sleep(LOOK_MS)]);
    }
    await this.#round(1);
    await this.#sending;
  }

  /** Ends all files. Throws when one has become shorter, or was written to since. */
  end(): void {
    for (const [name, { descriptor, output, sent }] of this.#files) {
      const { size } = fstatSync(descriptor);
      if (size !== sent) throw new Error(`${name} has ${size} bytes after ${sent} were sent`);
      output.end();
    }
    this.close();
  }

  /** Lets go of the files; content if that was done. */
  close(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  async #round(least: number): Promise<void> {
    for (const [prefix, folder] of this.#folders)
      for (const name of readdirSync(folder).sort())
        await this.#sendNew(`${prefix}/${name}`, path.join(folder, name), least);
  }

  async #sendNew(name: string, local: string, least: number): Promise<void> {
    if (this.#complete.has(name)) return;
    const known = this.#files.get(name);
    // An empty file is a file, too; but while it may grow there is no hurry.
    if (known === undefined && least > 1 && sizeOf(local) < least) return;
    const followed = known ?? this.#begin(name, local);
    for (;;) {
      const unsent = fstatSync(followed.descriptor).size - followed.sent;
      if (unsent < least || unsent === 0) return;
      await this.#sendPortion(followed);
    }
  }

  #begin(name: string, local: string): Followed {
    const descriptor = openSync(local, 'r');
    const followed = { descriptor, output: this.#output(name), sent: 0 };
    this.#files.set(name, followed);
    return followed;
  }

  #output(name: string): FileOutput {
    const base = this.#takeBase(name);
    if (base !== undefined) return new MemorySender(this.#sender, name, base);
    const sender = this.#sender;
    const file = sender.begin(name);
    return { send: (bytes) => sender.portions(file, bytes), end: () => sender.end(file) };
  }

  async #sendPortion(followed: Followed): Promise<void> {
    const [buffer] = this.#buffers;
    this.#buffers.reverse();
    const bytes = readSync(followed.descriptor, buffer, 0, buffer.length, followed.sent);
    followed.sent += bytes;
    await this.#sending;
    this.#sending = followed.output.send(buffer.subarray(0, bytes));
    // It is waited for before the next piece; an error must not count as unheard until then.
    this.#sending.catch(() => undefined);
  }
}

function sizeOf(file: string): number {
  const descriptor = openSync(file, 'r');
  try {
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}
