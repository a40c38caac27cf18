import { afterAll, beforeAll, expect, it } from 'vitest';
import { jvm } from '../../apps/jvm/sample.ts';
import { postgresql } from '../../apps/postgresql/sample.ts';
import { rabbitmq } from '../../apps/rabbitmq/sample.ts';
import { video } from '../../apps/video/sample.ts';
import { SmokeLab } from './lab.ts';
import { type MovedSample, SamplePods } from './sample-pods.ts';

/** The samples whose images take a minute or more to make. */
const heavy = [postgresql, rabbitmq, jvm, video];

let lab: SmokeLab;
let pods: SamplePods;
const moves: Record<string, MovedSample>[] = [];

beforeAll(async () => {
  lab = await SmokeLab.open();
  pods = new SamplePods(lab, 'full-sample', heavy);
  await pods.start();
  for (let move = 0; move < 2; move++) moves.push(await pods.move());
}, 600_000);
afterAll(async () => {
  await pods.remove();
  await lab.close();
});

it.each(heavy)('$name is moved, moved back, and keeps $state', ({ name }) => {
  for (const moved of moves)
    expect(moved[name]).toMatchObject({ state: 'Succeeded', elsewhere: true, lost: [], why: '' });
});

it('each notices when it is started anew, so that nothing lost goes unseen', async () => {
  await pods.startAnew();
  const after = await pods.answers();
  for (const { name, lost } of heavy) {
    const before = moves.at(-1)?.[name]?.answer ?? '';
    expect(lost(before, after[name] ?? ''), name).not.toEqual([]);
  }
});
