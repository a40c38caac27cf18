import { describe, expect, it } from 'vitest';
import { arms } from './arms/all.ts';
import { armNames } from './names.ts';
import { FLOOR } from './run/floor.ts';
import { startArms } from './run/start.ts';

describe('armNames', () => {
  it('names everything that can be played, and nothing else', () => {
    const all = [...arms, ...startArms].map(({ name }) => name);
    expect([...armNames].sort()).toEqual([...all, FLOOR].sort());
  });
});
