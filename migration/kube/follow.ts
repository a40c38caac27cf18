import { z } from 'zod';
import {
  isFinal,
  PODMIGRATION_API_VERSION,
  PODMIGRATION_KIND,
  type Podmigration,
  type PodmigrationSpec,
  podmigration,
} from '../contract/podmigration.ts';
import type { Connection } from './connection.ts';
import { migrationsPath } from './paths.ts';
import { Reflector } from './reflector.ts';

/**
 * Creates a Podmigration whose name begins with `prefix`. The API server's refusal is thrown as it is. `trial`: the API server only
 * answers what would come of it.
 */
export async function createMigration(
  { client, namespace }: Connection,
  prefix: string,
  spec: PodmigrationSpec,
  { trial = false } = {},
): Promise<Podmigration> {
  const body = {
    apiVersion: PODMIGRATION_API_VERSION,
    kind: PODMIGRATION_KIND,
    metadata: { generateName: `${prefix}-` },
    spec,
  };
  const details = { body, ...(trial && { query: { dryRun: 'All' } }) };
  const made = z
    .looseObject({ metadata: z.looseObject({}) })
    .parse(await client.request('POST', migrationsPath(namespace), details));
  // What is not made has no version.
  return podmigration.parse({ ...made, metadata: { resourceVersion: '', ...made.metadata } });
}

/** How the following of a Podmigration ended. */
export type Ending =
  | { kind: 'over'; migration: Podmigration }
  /** Somebody deleted it; this is what was last known. */
  | { kind: 'deleted'; migration: Podmigration }
  /** The time was up; it goes on without us. */
  | { kind: 'timeout'; migration: Podmigration };

export interface Observer {
  onChange(migration: Podmigration): void;
  /** Told when the connection is lost; following goes on by itself. */
  onTrouble(message: string): void;
}

/** Follows a Podmigration until it is over, deleted, or `timeoutMs` has passed. */
export async function follow(
  { client }: Connection,
  created: Podmigration,
  timeoutMs: number,
  observer: Observer,
): Promise<Ending> {
  const { namespace, name, uid } = created.metadata;
  const stop = new AbortController();
  let latest = created;
  return new Promise<Ending>((resolve) => {
    const end = (ending: Ending) => {
      clearTimeout(timer);
      stop.abort();
      resolve(ending);
    };
    const timer = setTimeout(() => end({ kind: 'timeout', migration: latest }), timeoutMs);
    const watching = new Reflector({
      client,
      path: migrationsPath(namespace),
      query: { fieldSelector: `metadata.name=${name}` },
      parse: (raw) => podmigration.parse(raw),
      onChange: (migration, deleted) => {
        if (migration.metadata.uid !== uid) return;
        if (deleted) return end({ kind: 'deleted', migration });
        latest = migration;
        observer.onChange(migration);
        if (isFinal(migration.status.state)) end({ kind: 'over', migration });
      },
      onError: (error) => observer.onTrouble(describe(error)),
    });
    // It may have been deleted before the first list: then no change will ever tell.
    void watching.synced.then(
      () => watching.get(namespace, name) ?? end({ kind: 'deleted', migration: latest }),
    );
    void watching.run(stop.signal);
  });
}

function describe(error: unknown): string {
  if (error instanceof z.ZodError) return 'an answer that cannot be read';
  return error instanceof Error ? error.message : String(error);
}
