import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { logsDir } from './paths.ts';

/** How many log files are kept beside the one being written. */
const KEPT_LOGS = 30;

/**
 * The full log of one run: everything said on the screen, every program started and what it answered.
 * The file appears with its first line, so that `env` or `--help` leave none behind.
 */
export class Journal {
  readonly file: string;
  readonly #dir: string;
  readonly #startedAt = performance.now();
  #begun = false;

  constructor(command: string, dir: string = logsDir, now: Date = new Date()) {
    this.#dir = dir;
    const stamp = now.toISOString().replace(/[:.]/g, '-');
    this.file = join(dir, `${stamp}-${command}-${process.pid}.log`);
  }

  /** Whether anything was written, and so whether the file exists. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Seconds since the run began. */
  get elapsed(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Adds lines to the log only; each gets the elapsed time. */
  write(text: string): void {
    if (text === '') return;
    if (!this.#begun) this.#begin();
    const stamp = `[${formatSeconds(this.elapsed).padStart(8)}] `;
    const lines = text.replace(/\n$/, '').split('\n');
    appendFileSync(this.file, `${lines.map((line) => stamp + line).join('\n')}\n`);
  }

  /** Shows a line on the screen (standard error, so that output can be piped) and keeps it in the log. */
  say(text: string): void {
    this.write(text);
    process.stderr.write(`${text}\n`);
  }

  /** The log's path as a user would type it. */
  get shownFile(): string {
    const short = relative(process.cwd(), this.file);
    return short.startsWith('..') ? this.file : short;
  }

  #begin(): void {
    mkdirSync(this.#dir, { recursive: true });
    this.#begun = true;
    const logs = readdirSync(this.#dir).filter((name) => name.endsWith('.log') && /^\d{4}-/.test(name));
    for (const name of logs.sort().slice(0, -KEPT_LOGS)) rmSync(join(this.#dir, name), { force: true });
  }
}

/** `7.3 s`, `2 min 05 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
