import { afterAll, beforeAll, expect, it } from 'vitest';
import { counter } from '../../apps/counter/sample.ts';
import { fileAppender } from '../../apps/file-appender/sample.ts';
import { memoryHog } from '../../apps/memory-hog/sample.ts';
import { nginx } from '../../apps/nginx/sample.ts';
import { redis } from '../../apps/redis/sample.ts';
import { slowStarter } from '../../apps/slow-starter/sample.ts';
import { tick } from '../../apps/tick/sample.ts';
import { training } from '../../apps/training/sample.ts';
import { SmokeLab } from './lab.ts';
import { type MovedSample, SamplePods } from './sample-pods.ts';

/** The light ones; the others are tried by `./podferry test --full`. */
const light = [tick, redis, counter, nginx, slowStarter(5), fileAppender, memoryHog(32, 4), training];

let lab: SmokeLab;
let pods: SamplePods;
let moved: Record<string, MovedSample>;

beforeAll(async () => {
  lab = await SmokeLab.open();
  pods = new SamplePods(lab, 'smoke-sample', light);
  await pods.start();
  moved = await pods.move();
}, 400_000);
afterAll(async () => {
  await pods.remove();
  await lab.close();
});

it.each(light)('$name is moved and keeps $state', ({ name }) => {
  expect(moved[name]).toMatchObject({ state: 'Succeeded', elsewhere: true, lost: [], why: '' });
});

it('each notices when it is started anew, so that nothing lost goes unseen', async () => {
  await pods.startAnew();
  const after = await pods.answers();
  for (const { name, lost } of light)
    expect(lost(moved[name]?.answer ?? '', after[name] ?? '')).not.toEqual([]);
});
