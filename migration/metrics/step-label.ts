import { phaseTiming } from '../contract/agent-api.ts';

/** Steps that can fail besides the phases that are timed. */
const STEPS: ReadonlySet<string> = new Set([
  ...phaseTiming.shape.name.options,
  'abort',
  'answer',
  'cancel',
  'checkpoint',
  'contact',
  'handover',
  'prepare',
  'request',
  'space',
  'store',
  'validate',
]);

/** A failing step as a label's value. What nobody foresaw is `other`: the values of a label have to be few. */
export function stepLabel(step: string): string {
  return STEPS.has(step) ? step : 'other';
}
