import { z } from 'zod';
import { identity, lostBy, type Sample, startedAnew, wentBack } from '../sample.ts';

const answer = identity.extend({
  step: z.int(),
  curve: z.array(z.tuple([z.int(), z.number()])),
  replay: z.enum(['same', 'different', 'too long']),
});

export const training: Sample = {
  name: 'training',
  state: 'weights, momentum, step counter and loss curve of a neural network',
  image: 'training',
  port: 8080,
  memory: '64Mi',
  startSeconds: 60,
  answering: { http: '/' },
  question: { http: '/verify' },
  lost: lostBy(answer, (before, after) => [
    startedAnew(before, after),
    wentBack('the step', before.step, after.step),
    after.replay === 'different' && 'its weights are not those that the same steps lead to',
    otherCurve(before.curve, after.curve),
  ]),
};

/** The curve thins out as it grows: the steps that both have are compared. */
function otherCurve(before: readonly [number, number][], after: readonly [number, number][]) {
  const now = new Map(after);
  const changed = before.find(([step, loss]) => (now.get(step) ?? loss) !== loss);
  return changed !== undefined && `the loss at step ${changed[0]} is another one`;
}
