import { z } from 'zod';
import { Archive, Asset } from '../protocol/values.ts';

/**
 * The inputs of the three resources, as `@pulumi/command` 1.2.1 declares them (its `types/input.d.ts` and the
 * `.d.ts` of each resource). Secret markers are taken off before parsing.
 */

const loggingSchema = z.enum(['stdout', 'stderr', 'stdoutAndStderr', 'none']);
const environmentSchema = z.record(z.string(), z.string());

const endpointShape = {
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535).default(22),
  user: z.string().min(1).default('root'),
  password: z.string().optional(),
  privateKey: z.string().optional(),
  privateKeyPassword: z.string().optional(),
  agentSocketPath: z.string().optional(),
  hostKey: z.string().optional(),
  /** Failed attempts after which dialling ends; -1: never. The attempt after the last allowed failure is made too. */
  dialErrorLimit: z.number().int().min(-1).default(10),
  /** Seconds for one attempt, handshake included; 0: no limit. */
  perDialTimeout: z.number().int().min(0).default(15),
};
export const endpointSchema = z.object(endpointShape);
export const connectionSchema = z.object({ ...endpointShape, proxy: endpointSchema.optional() });

const commandShape = {
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  stdin: z.string().optional(),
  logging: loggingSchema.optional(),
  environment: environmentSchema.optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
  triggers: z.array(z.unknown()).optional(),
};

export const localCommandSchema = z.object({
  ...commandShape,
  interpreter: z.array(z.string()).optional(),
  dir: z.string().optional(),
  assetPaths: z.array(z.string()).optional(),
  archivePaths: z
    .undefined('archivePaths is not supported by this provider; use assetPaths, or the official plugin')
    .optional(),
});

export const remoteCommandSchema = z.object({ ...commandShape, connection: connectionSchema });

export const copyToRemoteSchema = z.object({
  connection: connectionSchema,
  source: z.union([z.instanceof(Asset), z.instanceof(Archive)], 'must be an asset or an archive'),
  remotePath: z.string().min(1),
  triggers: z.array(z.unknown()).optional(),
});

export type Logging = z.infer<typeof loggingSchema>;
export type Endpoint = z.infer<typeof endpointSchema>;
export type Connection = z.infer<typeof connectionSchema>;
export type LocalCommandInputs = z.infer<typeof localCommandSchema>;
export type RemoteCommandInputs = z.infer<typeof remoteCommandSchema>;
