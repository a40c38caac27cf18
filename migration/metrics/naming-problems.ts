import type { Registry } from 'prom-client';

const PREFIX = 'podferry_';
const UNITS = /_(seconds|bytes|total|ratio|info)$/;
/** What counts things has no unit. */
const UNITLESS_GAUGES = /_(in_flight|queued|depth|running|held|leader)$/;
const FORBIDDEN_UNITS = /_(ms|milliseconds|minutes|kilobytes|kib|mib)(_|$)/;
const RESERVED_ENDINGS = /_(count|sum|bucket)$/;

/**
 * What is wrong with the names, types and help texts of our metrics by Prometheus' conventions
 * (https://prometheus.io/docs/practices/naming/), as `promtool check metrics` would say; empty when all is well.
 */
export async function namingProblems(registry: Registry): Promise<string[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics
    .filter(({ name }) => name.startsWith(PREFIX))
    .flatMap(({ name, help, type }) =>
      problemsOf(name, help, String(type)).map((what) => `${name}: ${what}`),
    );
}

function problemsOf(name: string, help: string, type: string): string[] {
  const isCounter = type === 'counter';
  const rules: [boolean, string][] = [
    [/^[a-z][a-z0-9_]*$/.test(name), 'not in lower_snake_case'],
    [help.trim().length > 10 && !help.includes('\n'), 'no help text of one line'],
    [help.endsWith('.'), 'the help text is no sentence'],
    [isCounter === name.endsWith('_total'), 'counters, and only those, end in _total'],
    [!RESERVED_ENDINGS.test(name), 'an ending that belongs to histograms'],
    [!FORBIDDEN_UNITS.test(name), 'a unit that is no base unit'],
    [UNITS.test(name) || (type === 'gauge' && UNITLESS_GAUGES.test(name)), 'no unit'],
    [!new RegExp(`_${type}(_|$)`).test(name), 'its type is in its name'],
  ];
  return rules.filter(([holds]) => !holds).map(([, what]) => what);
}
