import { CHECKS, type CheckDefinition } from './checks.ts';

/** The table of checks of the README: one row a check, made from their definitions alone. */
export function checksReference(): string {
  const rows = Object.entries<CheckDefinition>(CHECKS).map(
    ([name, { by, holds, ignorable }]) => `| \`${name}\` | ${by} | ${holds} | ${ignorable ?? ''} |`,
  );
  return [
    '| check | made by | what has to hold | may be ignored, because |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
