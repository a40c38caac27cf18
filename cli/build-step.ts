import type { Artefacts, BuildEvent } from '../toolchain/artefacts.ts';
import type { Call } from './context.ts';
import { formatSeconds } from './journal.ts';
import type { StackSettings } from './stack-settings.ts';
import type { Step } from './steps.ts';
import { buildToolbox } from './toolbox.ts';

/** Builds the toolchain; `done` gets what it made. */
export function buildStep(
  call: Call,
  settings: StackSettings,
  done: (artefacts: Artefacts) => void | Promise<void>,
): Step {
  return {
    title: 'Building what the lab is made of',
    async run(detail, signal) {
      const progress = new BuildProgress();
      const show = (): void => {
        if (call.terminal) detail(progress.line(performance.now()));
      };
      const ticker = setInterval(show, 1000);
      try {
        const artefacts = await buildToolbox(
          settings,
          (event) => {
            const line = describe(event);
            call.journal.write(line);
            progress.take(event, performance.now());
            if (!call.terminal && event.kind !== 'reused') detail(line);
            show();
          },
          signal,
        );
        await done(artefacts);
      } finally {
        clearInterval(ticker);
      }
    },
  };
}

/** A build event as a line of its own. */
export function describe(event: BuildEvent): string {
  switch (event.kind) {
    case 'reused':
      return `${event.title}: as built before`;
    case 'started':
      return `${event.title}: building, about ${formatSeconds(event.expectedSeconds)}`;
    case 'waiting':
      return `${event.title}: waiting for another run that builds it`;
    case 'finished':
      return `${event.title}: built in ${formatSeconds(event.ms / 1000)}`;
    case 'failed':
      return `${event.title}: failed after ${formatSeconds(event.ms / 1000)}`;
    case 'skipped':
      return `${event.title}: left out because of ${event.because}`;
  }
}

/** What is being built right now and for how long, as one line. Times in ms of a monotonic clock. */
export class BuildProgress {
  readonly #running = new Map<
    string,
    { title: string; since: number; expectedSeconds: number | undefined }
  >();
  #finished = 0;

  take(event: BuildEvent, now: number): void {
    if (event.kind === 'started' || event.kind === 'waiting') {
      const expectedSeconds = event.kind === 'started' ? event.expectedSeconds : undefined;
      this.#running.set(event.step, { title: event.title, since: now, expectedSeconds });
      return;
    }
    this.#running.delete(event.step);
    if (event.kind === 'finished' || event.kind === 'reused') this.#finished += 1;
  }

  line(now: number): string {
    const running = [...this.#running.values()].map(({ title, since, expectedSeconds }) => {
      const spent = formatSeconds(Math.floor((now - since) / 1000));
      return expectedSeconds === undefined
        ? `${title} (waiting, ${spent})`
        : `${title} (${spent} of about ${formatSeconds(expectedSeconds)})`;
    });
    return [`${this.#finished} ready`, ...running].join(' · ');
  }
}
