import { existsSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { mustRun } from './command.ts';

/**
 * Stands before criu in runc's PATH. runc starts criu twice: to ask for its version, and for the dump or restore. The second one says
 * that it waits, and goes on only when it is told to; when whoever would tell it is gone, it ends. What it waits for is read by a shell of
 * its own: runc takes the standard files of the process that it started for those of the container (getPipeFds in
 * https://github.com/opencontainers/runc/blob/main/libcontainer/criu_linux.go).
 */
const PROGRAM = `#!/bin/sh
PATH=\${PATH#*:}
if mkdir "$PODFERRY_GATE/asked" 2>/dev/null; then exec criu "$@"; fi
word=$({ echo $$ >"$PODFERRY_GATE/waiting"; read -r word && echo "$word"; } <"$PODFERRY_GATE/words")
[ "$word" = go ] || exit 1
exec criu "$@"
`;
const MKFIFO_MS = 2000;

/** Where a runc that was started early waits, right before its CRIU begins. */
export class CriuGate {
  readonly folder: string;
  readonly #words: FileHandle;
  #closed = false;

  private constructor(folder: string, words: FileHandle) {
    this.folder = folder;
    this.#words = words;
  }

  /** Makes a gate in a folder of its own, whatever an earlier one left there. */
  static async make(folder: string): Promise<CriuGate> {
    const words = wordsIn(folder);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(path.join(folder, 'criu'), PROGRAM, { mode: 0o700 });
    await mustRun('mkfifo', [words], { timeoutMs: MKFIFO_MS });
    // Opened for both directions, a pipe with a name waits for nobody, and keeps a word until it is read: fifo(7).
    return new CriuGate(folder, await open(words, 'r+'));
  }

  /** What leads a runc to it. */
  get env(): { PATH: string; PODFERRY_GATE: string } {
    return { PATH: `${this.folder}:${process.env.PATH}`, PODFERRY_GATE: this.folder };
  }

  /** Whether runc has come to it. */
  get isReached(): boolean {
    return existsSync(path.join(this.folder, 'waiting'));
  }

  /** Lets CRIU begin, also one that comes later. */
  open(): void {
    if (!this.#closed) writeSync(this.#words.fd, 'go\n');
  }

  /** Ends whoever waits, and whoever comes later; content if it was done. The folder has to stay until runc has ended. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await rm(wordsIn(this.folder), { force: true });
    await this.#words.close();
  }

  /** Once runc has ended, or its CRIU has begun. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const wordsIn = (folder: string): string => path.join(folder, 'words');
