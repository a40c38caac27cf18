import { Listr, PRESET_TIMER } from 'listr2';
import type { Call } from './context.ts';
import { withInterrupts } from './interrupts.ts';
import { formatSeconds } from './journal.ts';
import { assertNotInterrupted } from './programs.ts';

/** A part of a command that the user watches. */
export interface Step {
  title: string;
  /**
   * @param detail shows what goes on inside the step, one line; on a terminal the newest replaces the one before
   * @param signal aborted when the user interrupts
   */
  run(detail: (line: string) => void, signal: AbortSignal): Promise<void>;
}

/** Does the steps one after the other: as a live list on a terminal, as plain lines with elapsed times elsewhere. */
export async function runSteps(call: Call, steps: readonly Step[]): Promise<void> {
  const abort = new AbortController();
  await withInterrupts(
    (signal) => {
      call.journal.write(`${signal}: stopping`);
      abort.abort(new Error(`stopped by ${signal}`));
    },
    () => (call.terminal ? runList(call, steps, abort.signal) : runPlain(call, steps, abort.signal)),
  );
}

async function runList(call: Call, steps: readonly Step[], signal: AbortSignal): Promise<void> {
  const list = new Listr(
    steps.map((step) => ({
      title: step.title,
      task: async (_context, task) => {
        call.journal.write(step.title);
        const detail = (line: string): void => {
          task.output = line;
        };
        await untilStopped(step, detail, signal);
      },
    })),
    { registerSignalListeners: false, rendererOptions: { timer: PRESET_TIMER } },
  );
  await list.run();
}

async function runPlain(call: Call, steps: readonly Step[], signal: AbortSignal): Promise<void> {
  for (const step of steps) {
    const started = performance.now();
    call.journal.say(`${step.title} …`);
    let shown = '';
    await untilStopped(
      step,
      (line) => {
        if (line !== shown) call.journal.say(`  ${line}`);
        shown = line;
      },
      signal,
    );
    call.journal.say(`${step.title}: done (${formatSeconds((performance.now() - started) / 1000)})`);
  }
}

async function untilStopped(step: Step, detail: (line: string) => void, signal: AbortSignal): Promise<void> {
  try {
    signal.throwIfAborted();
    await step.run(detail, signal);
  } finally {
    assertNotInterrupted('Run the command again to go on.');
  }
}
