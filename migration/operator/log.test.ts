import { pino } from 'pino';
import { expect, it } from 'vitest';
import { reconcile } from './reconcile.ts';
import { Harness } from './testing/harness.ts';

it('tells the whole story of a migration in lines that carry its id', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const lab = new Harness();
  lab.cluster.addPod('tick', 'worker1');
  lab.cluster.addMigration('m', { action: 'live-migration', sourcePod: 'tick', destHost: 'worker2' });
  const key = { namespace: 'default', name: 'm' };
  for (let look = 0; look < 100; look += 1) {
    const delay = await reconcile(lab.world(), key, new AbortController().signal, log);
    if (delay === undefined) break;
    lab.pass(delay);
  }
  expect(lines.map(({ from, to }) => [from, to])).toEqual([
    ['Pending', 'Preparing'],
    ['Preparing', 'Moving'],
    ['Moving', 'Committed'],
    ['Committed', 'Succeeded'],
  ]);
  const { uid } = lab.cluster.migration('m').metadata;
  expect(lines.filter(({ migration }) => migration !== uid)).toEqual([]);
});
