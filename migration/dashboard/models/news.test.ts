import { expect, it } from 'vitest';
import type { PodmigrationStatus } from '../../contract/podmigration.ts';
import { MOVED, migration } from '../testing/samples.ts';
import { news } from './news.ts';

const before = [migration('a', {}, { state: 'Moving' }), migration('b', {}, { state: 'Moving' })];
const failed: PodmigrationStatus = {
  state: 'Failed',
  error: { step: 'dump', message: 'CRIU said no', criuLog: [] },
};

it('tells the ends of what was under way, once', () => {
  const first = news(new Map(), before);
  expect(first.texts).toEqual([]);
  const after = [migration('a', {}, MOVED), migration('b', {}, failed)];
  const second = news(first.seen, after);
  expect(second.texts).toEqual(['tick moved to worker2, frozen for 180 ms', 'b failed: CRIU said no']);
  expect(news(second.seen, after).texts).toEqual([]);
});

it('keeps quiet about what was over before, about the new and about dry runs', () => {
  const dry = (state: 'Pending' | 'Succeeded') => migration('d', { dryRun: true }, { state });
  const { seen } = news(new Map(), [dry('Pending')]);
  expect(news(seen, [dry('Succeeded'), migration('old', {}, MOVED)]).texts).toEqual([]);
});
