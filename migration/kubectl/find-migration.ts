import { z } from 'zod';
import { type Podmigration, podmigration } from '../contract/podmigration.ts';
import { isApiError } from '../kube/client.ts';
import type { Connection } from '../kube/connection.ts';
import { migrationPath, migrationsPath } from '../kube/paths.ts';

const list = z.object({ items: z.array(podmigration) });

/** All Podmigrations, the oldest first; of the connection's namespace, or of every one. */
export async function listMigrations(
  { client, namespace }: Connection,
  everywhere: boolean,
): Promise<Podmigration[]> {
  const { items } = list.parse(
    await client.request('GET', migrationsPath(everywhere ? undefined : namespace)),
  );
  return items.sort((a, b) => ageKey(a).localeCompare(ageKey(b)));
}

/**
 * The Podmigration of this name, or else the youngest that is about a pod of this name, as source or target. Undefined when there
 * is none.
 */
export async function findMigration(connection: Connection, name: string): Promise<Podmigration | undefined> {
  const { client, namespace } = connection;
  try {
    return podmigration.parse(await client.request('GET', migrationPath(namespace, name)));
  } catch (error) {
    if (!isApiError(error, 404)) throw error;
  }
  // The name that a pod had before its moves goes on meaning it.
  const isMeant = (pod: string | undefined) => pod === name || pod?.startsWith(`${name}-migration-`);
  const isAbout = ({ spec, status }: Podmigration) =>
    [spec.sourcePod, status.sourcePod, status.targetPod, ...(status.restoredPods ?? [])].some(isMeant);
  return (await listMigrations(connection, false)).filter(isAbout).at(-1);
}

const ageKey = ({ metadata }: Podmigration): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
