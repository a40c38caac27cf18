import { z } from 'zod';
import { migrationAction, podmigrationStatus } from './podmigration.ts';

/**
 * The REST shapes of the original podmigration-operator (https://github.com/SSU-DCN/podmigration-operator), served at
 * their paths. They do not change.
 */

/** Paths of the same collection: the one of the API, and the one of the original dashboard. */
export const LEGACY_PATHS = ['/Podmigrations', '/api/Podmigrations'] as const;

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const openObject = z.looseObject({}).nullish();

/** What may be posted. Fields that nobody knows are ignored, null means absent, actions may be written in any case. */
export const legacyRequest = z.object({
  name: z.string().min(1).max(253).describe('Name of the Podmigration to create.'),
  action: z
    .string()
    .transform((action) => action.toLowerCase())
    .pipe(migrationAction)
    .describe('live-migration, checkpoint or restore, in any letter case.'),
  sourcePod: text,
  destHost: text,
  snapshotPath: text,
  replicas: z.int().min(0).max(1000).nullish(),
  selector: openObject,
  template: openObject,
  namespace: z
    .string()
    .max(63)
    .nullish()
    .describe('Beyond the original, which knew one namespace: default when absent.'),
});
export type LegacyRequest = z.infer<typeof legacyRequest>;

export const legacyPodmigration = z.object({
  name: z.string(),
  destHost: z.string(),
  replicas: z.int().nullable(),
  selector: z.looseObject({}).nullable(),
  action: migrationAction,
  snapshotPath: z.string(),
  sourcePod: z.string(),
  template: z.looseObject({}),
  status: podmigrationStatus,
});
export type LegacyPodmigration = z.infer<typeof legacyPodmigration>;

export const legacyList = z.object({ items: z.array(legacyPodmigration) });

export const legacyError = z.object({ title: z.string(), details: z.string() });
export type LegacyError = z.infer<typeof legacyError>;
