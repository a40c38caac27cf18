import { now } from './clock.ts';
import { type AskedSeries, NO_ANSWER } from './messages.ts';

const UNANSWERED = Number.NaN;
/** No answer for so long: worth a message. */
const SILENT_MS = 100;

/** What became of the questions to one address, by their number. */
export class Series {
  readonly id: string;
  readonly everyMs: number;
  readonly #tell: (is: 'answering' | 'silent', at: number) => void;
  #startedAt = now();
  #first = 0;
  #next = 0;
  #latency: number[] = [];
  #value: number[] = [];
  #lastGoodAt = 0;
  #isAnswering = false;

  constructor(id: string, everyMs: number, tell: (is: 'answering' | 'silent', at: number) => void) {
    this.id = id;
    this.everyMs = everyMs;
    this.#tell = tell;
  }

  /** Number of the next question if it is due. Those that are late by more than `lateMs` are not asked in a burst: they count as not asked. */
  due(at: number, lateMs: number): number | undefined {
    for (;;) {
      const late = at - (this.#startedAt + this.#next * this.everyMs);
      if (late < 0) return undefined;
      this.#latency.push(late > lateMs ? NO_ANSWER.notAsked : UNANSWERED);
      this.#value.push(-1);
      const number = this.#next++;
      if (late <= lateMs) return number;
    }
  }

  answered(number: number, value: number): void {
    const at = now();
    const index = number - this.#first;
    // Asked before the recording began.
    if (index >= 0) {
      const dueAt = this.#startedAt + number * this.everyMs;
      this.#latency[index] = Math.max(0, Math.round((at - dueAt) * 10));
      this.#value[index] = value;
    }
    this.#lastGoodAt = at;
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    this.#tell('answering', at);
  }

  /** Tells of a silence once. */
  watch(at: number): void {
    if (!this.#isAnswering || at - this.#lastGoodAt < SILENT_MS) return;
    this.#isAnswering = false;
    this.#tell('silent', at);
  }

  /** Forgets what was before. */
  record(): void {
    this.#first = this.#next;
    this.#latency = [];
    this.#value = [];
  }

  report(): AskedSeries {
    const hasValues = this.#value.some((value) => value >= 0);
    return {
      id: this.id,
      startedAt: this.#startedAt + this.#first * this.everyMs,
      everyMs: this.everyMs,
      latency: this.#latency.map((value) => (Number.isNaN(value) ? NO_ANSWER.failed : value)),
      value: hasValues ? this.#value : [],
    };
  }
}
