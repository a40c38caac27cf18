import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetRecord } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { TargetLink } from './target-link.ts';

const RETELL_MS = 1000;

/** A committed source, as far as its target is to be told of it. */
export interface Teller {
  log: Logger;
  /** Whether nothing is left to be told. */
  isOver(): boolean;
  /** Before each telling. */
  before(): Promise<void>;
  /** The target says that it runs. */
  runs(target: TargetRecord): Promise<void>;
  /** The target says, for good, that it never ran and never will. */
  isLost(target: TargetRecord): Promise<void>;
}

/**
 * Tells the target to run: after the commit, and never before. Resolves after the first try, and goes on in the background until
 * the target answers. Never rejects.
 */
export async function tellToRun(link: TargetLink, teller: Teller): Promise<void> {
  if (!(await toldOnce(link, teller))) void keepTelling(link, teller);
}

async function keepTelling(link: TargetLink, teller: Teller): Promise<void> {
  do await sleep(RETELL_MS, undefined, { ref: false });
  while (!(await toldOnce(link, teller)));
}

/** Whether nothing is left to be told. */
async function toldOnce(link: TargetLink, teller: Teller): Promise<boolean> {
  if (teller.isOver()) return true;
  try {
    await teller.before();
    const target = await link.resume();
    if (target.state === 'restored') await teller.runs(target);
    else if (target.state === 'failed' || target.state === 'refused') await teller.isLost(target);
    else throw targetError(target);
    return true;
  } catch (error) {
    teller.log.warn({ error: String(error) }, 'the target was not told to run');
    return false;
  }
}

/** Why a target is not what it should be, in its own words. */
export function targetError({ state, failure }: TargetRecord): StepError {
  if (failure === null) return new StepError('restore', `the target is ${state}`);
  return new StepError(failure.step, failure.message, { criuLog: failure.criuLog });
}
