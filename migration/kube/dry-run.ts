import type { PodmigrationSpec } from '../contract/podmigration.ts';
import { isApiError } from './client.ts';
import type { Connection } from './connection.ts';
import { createMigration, type Ending, follow, type Observer } from './follow.ts';
import { migrationPath } from './paths.ts';

/**
 * Asks the operator whether a pod can be moved: a Podmigration that only answers, and that is removed again whatever comes of
 * it, also when `interrupted` fires.
 */
export async function askDryRun(
  connection: Connection,
  prefix: string,
  spec: PodmigrationSpec,
  timeoutMs: number,
  observer: Observer,
  interrupted: AbortSignal,
): Promise<Ending> {
  const created = await createMigration(connection, prefix, { ...spec, dryRun: true });
  const { namespace, name, uid } = created.metadata;
  try {
    const stopped = new Promise<never>((_, reject) => {
      interrupted.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
    });
    return await Promise.race([follow(connection, created, timeoutMs, observer), stopped]);
  } finally {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } };
    await connection.client
      .request('DELETE', migrationPath(namespace, name), { body })
      // 404: somebody else was faster. 409: the name is another object's now.
      .catch((error: unknown) => {
        if (!isApiError(error, 404) && !isApiError(error, 409)) throw error;
      });
  }
}
