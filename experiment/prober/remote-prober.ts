import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { LIB_DIR } from '../../node-setup/paths.ts';
import type { ExperimentLab, RunningProgram } from '../lab.ts';
import { now } from './clock.ts';
import { type Exchange, type ProberCommand, proberReport, type Recording } from './messages.ts';

const FOLDER = '/run/podferry-experiment';
const PUT_SECONDS = 30;
const REPORT_MS = 20_000;

/** Where an address stands, as the prober told last. */
interface Standing {
  isAnswering: boolean;
  since: number;
}

/**
 * The prober on a node that is neither source nor target: the master, which reaches Services and pods as any node does. It is a
 * process of the host and no pod, so that it needs no image and ends with its connection.
 */
export class RemoteProber {
  readonly #program: RunningProgram;
  readonly #standings = new Map<string, Standing>();
  readonly #waiting = new Set<() => void>();
  #finished: ((recording: Recording) => void) | undefined;
  #clock: ((at: number) => void) | undefined;
  #clockNumber = 0;
  #exitCode: number | undefined;

  private constructor(program: RunningProgram) {
    this.#program = program;
    createInterface({ input: program.stdout }).on('line', (line) => this.#heard(line));
    void program.ended.then((code) => {
      this.#exitCode = code;
      this.#wake();
    });
  }

  /** @param bundle file with the program, in one piece */
  static async start(lab: ExperimentLab, node: string, bundle: string): Promise<RemoteProber> {
    const text = await readFile(bundle, 'utf8');
    const put = `set -eu\nmkdir -p ${FOLDER}\nbase64 -d >${FOLDER}/prober.mjs <<'END'\n${Buffer.from(text).toString('base64')}\nEND\n`;
    await lab.onNode(node, put, PUT_SECONDS);
    // Before others in the queue for the processor, where that is allowed: its own delays are what it must not have.
    const command = `exec nice -n -10 ${LIB_DIR}/node --expose-gc ${FOLDER}/prober.mjs`;
    const prober = new RemoteProber(lab.startOnNode(node, command));
    await prober.clockOffset();
    return prober;
  }

  /** Takes away what `start` left on the node. */
  static async remove(lab: ExperimentLab, node: string): Promise<void> {
    await lab.onNode(node, `rm -rf ${FOLDER}`, PUT_SECONDS);
  }

  ask(id: string, address: { host: string; port: number }, everyMs: number, exchange: Exchange): void {
    this.#standings.delete(id);
    this.#say({ do: 'ask', id, ...address, everyMs, exchange });
  }

  record(): void {
    this.#say({ do: 'record' });
  }

  /** Ends all asking. */
  async finish(): Promise<Recording> {
    const recording = new Promise<Recording>((resolve) => {
      this.#finished = resolve;
    });
    this.#say({ do: 'finish' });
    return within(recording, REPORT_MS, 'the prober did not report');
  }

  /**
   * How far the prober's clock is ahead of ours, in ms, by the quickest of a few questions
   * (Cristian, "Probabilistic clock synchronization", 1989): wrong by at most half of what that one took.
   */
  async clockOffset(): Promise<{ offsetMs: number; errorMs: number }> {
    let best = { offsetMs: 0, errorMs: Number.POSITIVE_INFINITY };
    for (let round = 0; round < 5; round += 1) {
      const askedAt = now();
      const answer = new Promise<number>((resolve) => {
        this.#clock = resolve;
      });
      this.#clockNumber += 1;
      this.#say({ do: 'clock', number: this.#clockNumber });
      const theirs = await within(answer, REPORT_MS, 'the prober did not tell its clock');
      const tookMs = now() - askedAt;
      if (tookMs / 2 < best.errorMs)
        best = { offsetMs: theirs - (askedAt + tookMs / 2), errorMs: tookMs / 2 };
    }
    return best;
  }

  /** Resolves once the address has answered without a silence for `steadyMs`, and with its latest beginning after `since` (its clock). */
  async answering(id: string, steadyMs: number, timeoutMs: number): Promise<void> {
    const end = now() + timeoutMs;
    for (;;) {
      const standing = this.#standings.get(id);
      if (standing?.isAnswering && now() - standing.since >= steadyMs) return;
      if (this.#exitCode !== undefined) throw new Error(`the prober ended with exit code ${this.#exitCode}`);
      if (now() > end) throw new Error(`${id} did not answer within ${Math.round(timeoutMs / 1000)} s`);
      await this.#change(Math.min(100, steadyMs + 10));
    }
  }

  /** Ends the program. */
  stop(): void {
    this.#program.stdin.end();
    this.#program.stop();
  }

  #say(command: ProberCommand): void {
    if (this.#exitCode !== undefined) throw new Error(`the prober ended with exit code ${this.#exitCode}`);
    this.#program.stdin.write(`${JSON.stringify(command)}\n`);
  }

  #heard(line: string): void {
    const report = proberReport.parse(JSON.parse(line));
    if (report.is === 'finished') this.#finished?.(report);
    else if (report.is === 'clock') {
      if (report.number === this.#clockNumber) this.#clock?.(report.at);
    } else this.#standings.set(report.id, { isAnswering: report.is === 'answering', since: now() });
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** The next report, or the time. */
  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }
}

async function within<T>(promise: Promise<T>, ms: number, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
