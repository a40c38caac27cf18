import type { Podmigration } from '../contract/podmigration.ts';

/** A Podmigration as kubectl prints it: who wrote which field is left out. */
export function shownObject(migration: Podmigration): object {
  const { managedFields: _, ...metadata } = migration.metadata;
  return { ...migration, metadata };
}

/** Several, as a list that kubectl can read again. */
export const shownList = (items: readonly Podmigration[]): object => ({
  apiVersion: 'v1',
  kind: 'List',
  items: items.map(shownObject),
});
