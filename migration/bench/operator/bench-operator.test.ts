import { expect, it } from 'vitest';
import { benchOperator } from './bench-operator.ts';
import { operatorReport, requestsPerMigration } from './report.ts';

/** More requests than a migration has any need for; a poll or a question too many shows. */
const MOST_REQUESTS = 60;
const MINUTES = 60_000;

it(
  'moves many pods at once without asking for lists, and with few requests each',
  async () => {
    const size = { nodes: 6, pods: 60, migrations: 12 };
    const run = await benchOperator(size);
    expect(run.outcome.failures).toEqual([]);
    expect(run.outcome.succeeded).toBe(size.migrations);
    const requests = requestsPerMigration(run);
    expect(Object.keys(requests).filter((what) => what.startsWith('list '))).toEqual([]);
    expect(requests['create pods']).toBe(1);
    expect(requests['delete pods']).toBe(1);
    expect(Object.values(requests).reduce((sum, one) => sum + one, 0)).toBeLessThan(MOST_REQUESTS);
    expect(run.metrics).toContain(
      `podferry_migrations_total{action="live-migration",outcome="succeeded",step=""} ${size.migrations}\n`,
    );
    expect(operatorReport([run])).toMatch(/of them succeeded +12\n/);
  },
  4 * MINUTES,
);
