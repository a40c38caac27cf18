import { StringDecoder } from 'node:string_decoder';
import type { Context } from '../protocol/provider.ts';
import type { Logging } from './inputs.ts';
import type { Redact } from './redact.ts';

/** How much of the last output an error shows (characters). */
const tailLength = 4_000;
/** How much of a line is shown while the command runs (characters). */
const lineLength = 1_000;

export type StreamName = 'stdout' | 'stderr';

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects what a command writes and shows it line by line while it runs, as far as `logging` allows. */
export class OutputCollector {
  private readonly streams: Record<StreamName, OutputStream>;
  private tail = '';

  constructor(context: Context, logging: Logging | undefined, redact: Redact) {
    const show = (line: string): void => {
      const masked = redact(line);
      context.log('info', masked.length > lineLength ? `${masked.slice(0, lineLength)} …` : masked, {
        status: true,
      });
    };
    const hide = (): void => undefined;
    const shown = logging ?? 'stdoutAndStderr';
    const collect = (name: StreamName): OutputStream => {
      const loud = shown === name || shown === 'stdoutAndStderr';
      return new OutputStream(loud ? show : hide);
    };
    this.streams = { stdout: collect('stdout'), stderr: collect('stderr') };
    this.withheld = shown === 'none';
  }

  private readonly withheld: boolean;

  add(name: StreamName, chunk: Buffer): void {
    const text = this.streams[name].add(chunk);
    // With logging off, standard output may be a secret: only the complaints are kept for an error message.
    if (name === 'stderr' || !this.withheld) this.tail = (this.tail + text).slice(-tailLength);
  }

  /** Everything written, one trailing newline taken off each stream as the official plugin does. */
  finish(): CommandOutput {
    return { stdout: this.streams.stdout.finish(), stderr: this.streams.stderr.finish() };
  }

  /** The end of both streams in the order they were written, for an error message. */
  lastWords(): string {
    return this.tail.trimEnd();
  }
}

class OutputStream {
  private readonly decoder = new StringDecoder('utf8');
  private readonly texts: string[] = [];
  private readonly show: (line: string) => void;
  private line = '';

  constructor(show: (line: string) => void) {
    this.show = show;
  }

  add(chunk: Buffer): string {
    const text = this.decoder.write(chunk);
    this.texts.push(text);
    const end = text.lastIndexOf('\n');
    if (end < 0) this.line += text;
    else {
      for (const line of (this.line + text.slice(0, end)).split('\n')) this.show(line);
      this.line = text.slice(end + 1);
    }
    return text;
  }

  finish(): string {
    this.texts.push(this.decoder.end());
    if (this.line !== '') this.show(this.line);
    this.line = '';
    const whole = this.texts.join('');
    return whole.endsWith('\n') ? whole.slice(0, -1) : whole;
  }
}
