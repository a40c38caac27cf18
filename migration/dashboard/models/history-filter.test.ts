import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at, MOVED, migration } from '../testing/samples.ts';
import { filterFromQuery, filterToQuery, type HistoryFilter, history } from './history-filter.ts';

const all = [
  migration('first', {}, MOVED),
  migration(
    'second',
    { action: 'checkpoint', sourcePod: 'redis', snapshotPath: '/daily' },
    { state: 'Checkpointing' },
    { creationTimestamp: at(1000) },
  ),
  migration(
    'third',
    {},
    { state: 'Failed', error: { step: 'dump', message: 'unread netlink', criuLog: [] } },
    { namespace: 'other', creationTimestamp: at(2000) },
  ),
];
const names = (filter: HistoryFilter) => history(all, filter).map(({ metadata }) => metadata.name);

it('shows everything, the youngest first, without a filter', () => {
  expect(names({})).toEqual(['third', 'second', 'first']);
});

it.each<[HistoryFilter, string[]]>([
  [{ namespace: 'samples' }, ['second', 'first']],
  [{ action: 'checkpoint' }, ['second']],
  [{ outcome: 'active' }, ['second']],
  [{ outcome: 'succeeded' }, ['first']],
  [{ outcome: 'failed', namespace: 'samples' }, []],
  [{ text: 'NETLINK' }, ['third']],
  [{ text: 'tick worker1' }, ['first']],
  [{ text: 'daily' }, ['second']],
  [{ text: 'tick daily' }, []],
])('lets through what %j asks for', (filter, expected) => {
  expect(names(filter)).toEqual(expected);
});

it('is the same after its way through the address', () => {
  const text = fc.string({ minLength: 1 });
  const filter = fc.record(
    {
      namespace: text,
      action: fc.constantFrom('live-migration' as const, 'checkpoint' as const, 'restore' as const),
      outcome: fc.constantFrom('active' as const, 'succeeded' as const, 'failed' as const),
      text,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(filter, (given) => {
      expect(filterFromQuery(new URLSearchParams(filterToQuery(given).toString()))).toEqual(given);
    }),
  );
});

it('leaves out what an address cannot mean', () => {
  expect(filterFromQuery(new URLSearchParams('action=dance&outcome=perhaps&text='))).toEqual({});
});
