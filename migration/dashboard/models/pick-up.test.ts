import { describe, expect, it } from 'vitest';
import { node, pod } from '../testing/samples.ts';
import { type PickedUp, pickUp, pressed } from './pick-up.ts';

const tick = pod('tick', 'worker1');
const nodes = [node('worker2'), node('worker3', { schedulable: false })];
const afterKeys = (...keys: string[]) => {
  let answer = pickUp(tick, nodes);
  for (const key of keys) answer = pressed(key, answer.picked as PickedUp) ?? answer;
  return answer;
};

describe('a pod picked up with the keyboard', () => {
  it('says how to go on', () => {
    expect(afterKeys().said).toMatch(/tick picked up from worker1.*Arrow keys/);
  });

  it('goes through the nodes and round again', () => {
    expect(afterKeys('ArrowRight').said).toBe('worker2, 1 of 2.');
    expect(afterKeys('ArrowRight', 'ArrowDown').said).toBe('worker3, cordoned, 2 of 2.');
    expect(afterKeys('ArrowRight', 'ArrowRight', 'ArrowRight').picked?.chosen).toBe(0);
    expect(afterKeys('ArrowLeft').picked?.chosen).toBe(1);
  });

  it.each([' ', 'Enter'])('is dropped with “%s” on the node that is chosen', (key) => {
    expect(afterKeys('ArrowRight', key)).toEqual({
      picked: undefined,
      droppedOn: nodes[0],
      said: 'tick dropped on worker2.',
    });
  });

  it('is not dropped nowhere', () => {
    const answer = afterKeys('Enter');
    expect(answer.droppedOn).toBeUndefined();
    expect(answer.picked).toBeDefined();
  });

  it('is put back with Escape, and leaves other keys alone', () => {
    expect(afterKeys('ArrowRight', 'Escape')).toEqual({
      picked: undefined,
      said: 'tick put back on worker1.',
    });
    expect(pressed('Tab', pickUp(tick, nodes).picked as PickedUp)).toBeUndefined();
  });

  it('stays where there is no other node', () => {
    expect(pickUp(tick, [])).toEqual({ picked: undefined, said: 'There is no other node for tick.' });
  });
});
