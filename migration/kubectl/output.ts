import { stringify } from 'yaml';
import type { Podmigration } from '../contract/podmigration.ts';
import { PODMIGRATION_GROUP, PODMIGRATION_PLURAL } from '../contract/podmigration.ts';

/** How results are printed: for people (`text`, `wide`), or for programs. */
export const FORMATS = ['text', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof FORMATS)[number];

/** The name of a Podmigration as kubectl takes it. */
export const typedName = ({ metadata }: Podmigration): string =>
  `${PODMIGRATION_PLURAL.slice(0, -1)}.${PODMIGRATION_GROUP}/${metadata.name}`;

/** A value for programs; undefined for the formats that people read. */
export function machineText(format: Format, value: unknown, names: readonly string[]): string | undefined {
  switch (format) {
    case 'json':
      return JSON.stringify(value, null, 2);
    case 'yaml':
      return stringify(value).trimEnd();
    case 'name':
      return names.join('\n');
    case 'text':
    case 'wide':
      return undefined;
  }
}

/** Rows under each other, columns three spaces apart as kubectl has them. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  return rows.map(line).join('\n');
}
