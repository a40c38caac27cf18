import { afterAll, beforeAll, expect, it } from 'vitest';
import { samples } from '../../apps/samples.ts';
import { SmokeLab } from './lab.ts';
import { type MovedSample, SamplePods } from './sample-pods.ts';

let lab: SmokeLab;
let pods: SamplePods;
const moves: Record<string, MovedSample>[] = [];

beforeAll(async () => {
  lab = await SmokeLab.open();
  pods = new SamplePods(lab, 'full-sample', samples);
  await pods.start();
  for (let move = 0; move < 2; move++) moves.push(await pods.move());
}, 900_000);
afterAll(async () => {
  await pods.remove();
  await lab.close();
});

it.each(samples)('$name is moved, moved back, and keeps $state', ({ name }) => {
  for (const moved of moves)
    expect(moved[name]).toMatchObject({ state: 'Succeeded', elsewhere: true, lost: [], why: '' });
});

it('each notices when it is started anew, so that nothing lost goes unseen', async () => {
  await pods.startAnew();
  const after = await pods.answers();
  for (const { name, lost } of samples) {
    const before = moves.at(-1)?.[name]?.answer ?? '';
    expect(lost(before, after[name] ?? ''), name).not.toEqual([]);
  }
});
