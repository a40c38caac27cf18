import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { namingProblems } from './naming-problems.ts';

const help = 'Something that is counted.';

it('finds nothing wrong with names by the conventions', async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'podferry_moves_total', help, registers });
  new Gauge({ name: 'podferry_moves_in_flight', help, registers });
  new Histogram({ name: 'podferry_freeze_seconds', help, registers });
  expect(await namingProblems(registry)).toEqual([]);
});

it('leaves the metrics of others alone', async () => {
  const registry = new Registry();
  new Gauge({ name: 'nodejs_active_handles_total', help: 'x', registers: [registry] });
  expect(await namingProblems(registry)).toEqual([]);
});

it.each([
  ['podferry_moves', 'Counter', help, 'counters, and only those, end in _total'],
  ['podferry_moves_total', 'Gauge', help, 'counters, and only those, end in _total'],
  ['podferry_freeze_ms', 'Histogram', help, 'a unit that is no base unit'],
  ['podferry_freeze', 'Histogram', help, 'no unit'],
  ['podferry_freeze_histogram_seconds', 'Histogram', help, 'its type is in its name'],
  ['podferry_bytes_count', 'Gauge', help, 'an ending that belongs to histograms'],
  ['podferry_Freeze_seconds', 'Gauge', help, 'not in lower_snake_case'],
  ['podferry_freeze_seconds', 'Histogram', 'Freeze', 'no help text of one line'],
  ['podferry_freeze_seconds', 'Histogram', 'The time of a freeze', 'the help text is no sentence'],
] as const)('%s as a %s with the help "%s": %s', async (name, type, text, problem) => {
  const registry = new Registry();
  const make = { Counter, Gauge, Histogram }[type];
  new make({ name, help: text, registers: [registry] });
  expect(await namingProblems(registry)).toContain(`${name}: ${problem}`);
});
