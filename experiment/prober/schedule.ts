import { type Asker, askerFor } from './asker.ts';
import { now } from './clock.ts';
import type { ProberCommand, Recording } from './messages.ts';
import { Series } from './series.ts';
import { StallWatch } from './stall-watch.ts';

/** Questions that are late by more than this are not asked: a burst of them would measure the prober. */
const LATE_MS = 20;
const SWEEP_MS = 50;

type Ask = Extract<ProberCommand, { do: 'ask' }>;

/**
 * Asks every address when it is due, whether or not earlier answers came (an open loop): a client that waits for each answer asks least
 * when it matters most, and hides the outage (https://www.scylladb.com/2021/04/22/on-coordinated-omission/).
 */
export class Schedule {
  readonly #tell: (is: 'answering' | 'silent', id: string, at: number) => void;
  readonly #stalls = new StallWatch();
  readonly #asked: { series: Series; asker: Asker }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sweptAt = 0;
  #recordingSince = now();
  #cpu = process.cpuUsage();

  constructor(tell: (is: 'answering' | 'silent', id: string, at: number) => void) {
    this.#tell = tell;
  }

  ask({ id, host, port, everyMs, exchange }: Ask): void {
    const series = new Series(id, everyMs, (is, at) => this.#tell(is, id, at));
    this.#asked.push({ series, asker: askerFor({ host, port }, exchange, series) });
    this.#timer ??= setTimeout(this.#beat, 1);
  }

  record(): void {
    // What was kept until now is garbage from here on: better collected now than in the recording.
    for (const { series } of this.#asked) series.record();
    globalThis.gc?.();
    this.#stalls.pause();
    this.#stalls.record();
    this.#recordingSince = now();
    this.#cpu = process.cpuUsage();
  }

  finish(): Recording {
    const { user, system } = process.cpuUsage(this.#cpu);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const report: Recording = {
      is: 'finished',
      series: this.#asked.map(({ series }) => series.report()),
      stalls: this.#stalls.report(),
      cpuMs: Math.round((user + system) / 1000),
      wallMs: Math.round(now() - this.#recordingSince),
    };
    for (const { asker } of this.#asked) asker.end();
    this.#asked.length = 0;
    this.#stalls.pause();
    return report;
  }

  readonly #beat = (): void => {
    this.#timer = setTimeout(this.#beat, 1);
    const at = now();
    this.#stalls.beat(at);
    for (const { series, asker } of this.#asked) {
      for (let number = series.due(at, LATE_MS); number !== undefined; number = series.due(at, LATE_MS))
        asker.ask(number, at);
      series.watch(at);
    }
    if (at - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = at;
    for (const { asker } of this.#asked) asker.sweep(at);
  };
}
