import type { Writable } from 'node:stream';
import { mustRun } from '../command.ts';
import { type PipedProgram, startFilter } from '../piped-program.ts';

/** What a program is called with: a command, the address or device that it is about, and more. */
export type Words = readonly [command: string, address: string, ...more: string[]];

interface Waiting {
  words: Words;
  program: PipedProgram & { stdin: Writable };
}

/**
 * Runs a program whose commands can be started before they are needed: told to by a word `when-told` before the others, they make all
 * ready and wait for a line `go`. So a pod need not wait for the start of a shell and what that starts.
 */
export class WaitingPrograms {
  readonly #program: string;
  readonly #limitMs: number;
  readonly #waiting = new Map<string, Waiting>();

  /** @param limitMs how long a command may take */
  constructor(program: string, limitMs: number) {
    this.#program = program;
    this.#limitMs = limitMs;
  }

  /** Starts a command that is needed soon; after `waitMs` it is not any more, and ends. */
  start(words: Words, waitMs: number): void {
    this.end(words[0], words[1]);
    const program = startFilter(this.#program, ['when-told', ...words], waitMs);
    const waiting = { words, program };
    program.stdin.on('error', () => undefined);
    program.stdout.resume();
    this.#waiting.set(keyOf(words), waiting);
    void program.failure.then(() => this.#forget(waiting));
  }

  /** Runs a command: by the one that waits, if there is one. Resolves with what it prints, which for one that waits is nothing. */
  async run(...words: Words): Promise<string> {
    const waiting = this.#waiting.get(keyOf(words));
    if (waiting !== undefined && sameWords(waiting.words, words)) {
      this.#forget(waiting);
      waiting.program.stdin.end('go\n');
      // Every command can be repeated: what went wrong with this one shows in the next.
      if ((await waiting.program.failure) === undefined) return '';
    }
    return (await mustRun(this.#program, words, { timeoutMs: this.#limitMs })).stdout;
  }

  /** Ends a command that waits; content if none does. */
  end(command: string, address: string): void {
    const waiting = this.#waiting.get(keyOf([command, address]));
    if (waiting === undefined) return;
    this.#forget(waiting);
    waiting.program.kill();
  }

  #forget(waiting: Waiting): void {
    const key = keyOf(waiting.words);
    if (this.#waiting.get(key) === waiting) this.#waiting.delete(key);
  }
}

const keyOf = ([command, address]: Words): string => `${command} ${address}`;

const sameWords = (one: Words, other: Words): boolean => one.join(' ') === other.join(' ');
