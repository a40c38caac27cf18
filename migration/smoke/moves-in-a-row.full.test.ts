import { afterAll, beforeAll, expect, it } from 'vitest';
import { SmokeLab } from './lab.ts';

const POD = 'full-in-a-row';
const MOVES = 10;

let lab: SmokeLab;
beforeAll(async () => {
  lab = await SmokeLab.open();
});
afterAll(async () => {
  await lab.removePods(POD);
  await lab.close();
});

it(`a tick survives ${MOVES} moves back and forth without ever counting backwards`, async () => {
  const [here = '', there = ''] = lab.workers;
  await lab.startPod(POD, 'tick', here);
  let current = POD;
  let last = await lab.tick(current);
  for (let move = 1; move <= MOVES; move++) {
    const moved = await lab.migrate(current, move % 2 === 1 ? there : here);
    current = moved.targetPod;
    const now = await lab.tick(current);
    expect(now.count, `count after move ${move}`).toBeGreaterThanOrEqual(last.count);
    expect(now.startedAt, `start time after move ${move}`).toBe(last.startedAt);
    last = now;
  }
  expect(current).toBe(`${POD}-migration-${MOVES}`);
  const left = await lab.kubectl(['get', 'pods', '-l', `podferry.dev/smoke=${POD}`, '-o', 'name']);
  expect(left.trim()).toBe(`pod/${current}`);
});
