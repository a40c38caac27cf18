import { z } from 'zod';

/**
 * The lab stack's outputs: what `pulumi stack output --json` prints, and all that smoke tests and commands know of a
 * lab. One schema for who writes them and who reads them.
 */

const labNode = z.strictObject({
  name: z.string(),
  role: z.enum(['master', 'worker']),
  address: z.string(),
  /** In a dual-stack lab. */
  address6: z.string().optional(),
  port: z.int(),
  user: z.string(),
  podCidr: z.string(),
  hostKey: z.string(),
});

const sampleApp = z.strictObject({
  namespace: z.string(),
  pod: z.string(),
  service: z.string(),
  clusterIP: z.string(),
  port: z.int(),
});

/** What one action of the Migration component did. Times in ms. */
export const migrationOutcome = z.strictObject({
  pod: z.string(),
  from: z.string(),
  to: z.string(),
  phases: z.array(z.strictObject({ name: z.string(), startedAt: z.string(), ms: z.number() })),
  freezeMs: z.number().nullable(),
  totalMs: z.number().nullable(),
  bytes: z.number().nullable(),
  checkpointPath: z.string().nullable(),
});
export type MigrationOutcome = z.infer<typeof migrationOutcome>;

export const stackOutputs = z.strictObject({
  kubeconfig: z.string(),
  apiServer: z.url(),
  nodes: z.array(labNode),
  store: z.strictObject({ server: z.string(), export: z.string(), kind: z.enum(['mount', 'libnfs']) }),
  operator: z.strictObject({ namespace: z.string(), deployment: z.string(), replicas: z.int() }),
  rest: z.strictObject({ url: z.url(), ca: z.string() }),
  apps: z.strictObject({ tick: sampleApp, redis: sampleApp, image: z.record(z.string(), z.string()) }),
  /** Sample applications beside tick and redis, by name. */
  samples: z.record(z.string(), sampleApp).default({}),
  migrations: z.record(z.string(), migrationOutcome),
});
export type StackOutputs = z.infer<typeof stackOutputs>;
