import type { CheckResult } from '../contract/agent-api.ts';
import type { Podmigration } from '../contract/podmigration.ts';
import { failures } from '../contract/verdict.ts';

/** A dry run's answer for people: one line a check, and the end of it. */
export function checksText(migration: Podmigration): string {
  const checks = migration.status.checks ?? [];
  const rows = [
    ['CHECK', 'RESULT', ''],
    ...checks.map(({ name, status, message }) => [name, status, message]),
  ];
  const [first, second] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([name = '', status = '', message = '']) =>
    `${name.padEnd(first ?? 0)}  ${status.padEnd(second ?? 0)}  ${message}`.trimEnd(),
  );
  return [...lines, '', conclusion(migration, checks)].join('\n');
}

function conclusion({ spec }: Podmigration, checks: readonly CheckResult[]): string {
  const where = spec.destHost === undefined ? '' : ` to ${spec.destHost}`;
  const count = failures(checks).length;
  if (count === 0) return `${spec.sourcePod} can be moved${where}; nothing was done`;
  return `${spec.sourcePod} cannot be moved${where}: ${count} ${count === 1 ? 'check' : 'checks'} failed; nothing was done`;
}

/** The same for programs. */
export function checksObject({ spec, status }: Podmigration): object {
  const { sourcePod: pod, destHost: node } = spec;
  const checks = status.checks ?? [];
  return { pod, node, movable: isMovable(status), checks };
}

/** Whether the operator has looked, and nothing stands in the way. */
export const isMovable = ({ state, conditions }: Podmigration['status']): boolean =>
  state === 'Succeeded' && conditions?.find(({ type }) => type === 'Movable')?.status === 'True';
