import { expect, it } from 'vitest';
import { exclusively } from './exclusive.ts';

it('runs work of one key in order, one at a time, and other keys beside it; a failure does not hold up the next', async () => {
  const alone = exclusively();
  const log: string[] = [];
  const work =
    (name: string, fails = false) =>
    async () => {
      log.push(`${name}+`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name}-`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([
    alone('k', work('a', true)),
    alone('k', work('b')),
    alone('other', work('c')),
  ]);
  expect(results.map((r) => r.status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  const ofKey = log.filter((entry) => !entry.startsWith('c'));
  expect(ofKey).toEqual(['a+', 'a-', 'b+', 'b-']);
  expect(log.indexOf('c+')).toBeLessThan(log.indexOf('a-'));
});
