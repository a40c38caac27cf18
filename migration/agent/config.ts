import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AGENT_PORT } from '../contract/agent-api.ts';

const absolutePath = z.string().regex(/^\/[^\0]*$/, 'an absolute path');

/** How this node reaches the store; `libnfs` is for kernels without an NFS client. */
export const storeConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('mount'), path: absolutePath, server: z.string().min(1) }),
  z.strictObject({
    kind: z.literal('libnfs'),
    server: z.string().min(1),
    export: absolutePath,
    keeper: z.url({ protocol: /^https$/ }),
  }),
]);
export type StoreConfig = z.infer<typeof storeConfig>;

/**
 * agent.json. Paths are absolute; `storeRoot` only on the node that exports the store: it is the keeper. `loopback` only
 * on a control-plane node: a port on 127.0.0.1 for clients of the original, passed on to the REST API at `api`.
 */
export const agentConfig = z.strictObject({
  node: z.string().min(1),
  role: z.enum(['master', 'worker']),
  listen: z.strictObject({
    address: z.string().min(1),
    port: z.int().min(0).max(65535).default(AGENT_PORT),
  }),
  tls: z.strictObject({ key: absolutePath, cert: absolutePath, ca: absolutePath }),
  runtimeSocket: absolutePath.default('/run/podferry/runtime.sock'),
  stateDir: absolutePath.default('/var/lib/podferry/agent'),
  imagesDir: absolutePath.default('/run/podferry/images'),
  logDir: absolutePath.default('/var/log/podferry'),
  store: storeConfig,
  storeRoot: absolutePath.optional(),
  loopback: z
    .strictObject({ port: z.int().min(0).max(65535), api: z.url({ protocol: /^https$/ }) })
    .optional(),
});
export type AgentConfig = z.infer<typeof agentConfig>;

/** Reads and checks the agent's configuration; the error names the file and each wrong field. */
export async function loadConfig(file: string): Promise<AgentConfig> {
  try {
    return agentConfig.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const words = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new Error(`configuration ${file} cannot be used: ${words}`, { cause });
  }
}
