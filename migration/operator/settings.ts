import { hostname } from 'node:os';
import { z } from 'zod';
import { type AddressChoice, AGENT_PORT, addressChoice } from '../contract/agent-api.ts';
import { EVICTIONS_PORT } from '../contract/evictions.ts';
import { REST_PORT } from '../contract/rest.ts';
import type { Limits } from './slots.ts';

/** The operator's settings: environment variables, as its Deployment sets them. */
const environment = z.object({
  PODFERRY_TLS_DIR: z.string().default('/etc/podferry/tls'),
  PODFERRY_AGENT_PORT: z.coerce.number().int().min(1).max(65535).default(AGENT_PORT),
  PODFERRY_HEALTH_PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  PODFERRY_REST_PORT: z.coerce.number().int().min(0).max(65535).default(REST_PORT),
  PODFERRY_EVICTIONS_PORT: z.coerce.number().int().min(0).max(65535).default(EVICTIONS_PORT),
  PODFERRY_DASHBOARD_DIR: z.string().default('/usr/local/share/podferry/dashboard'),
  PODFERRY_MIGRATIONS_PER_NODE: z.coerce.number().int().min(1).default(2),
  PODFERRY_MIGRATIONS_PER_CLUSTER: z.coerce.number().int().min(1).default(10),
  PODFERRY_ADDRESS: addressChoice.default('keep'),
  PODFERRY_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  POD_NAME: z.string().default(`${hostname()}-${process.pid}`),
  POD_NAMESPACE: z.string().default('podferry-system'),
});

export interface Settings {
  tlsDirectory: string;
  agentPort: number;
  healthPort: number;
  restPort: number;
  evictionsPort: number;
  dashboardDirectory: string;
  logLevel: string;
  limits: Limits;
  /** What becomes of a pod's address when its migration does not say. */
  address: AddressChoice;
  /** Who this process is in the lease and in events. */
  identity: string;
  namespace: string;
}

/** Reads the settings; throws an Error that names every variable that cannot be used. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const parsed = environment.safeParse(env);
  if (!parsed.success) throw new Error(`bad environment:\n${z.prettifyError(parsed.error)}`);
  const e = parsed.data;
  return {
    tlsDirectory: e.PODFERRY_TLS_DIR,
    agentPort: e.PODFERRY_AGENT_PORT,
    healthPort: e.PODFERRY_HEALTH_PORT,
    restPort: e.PODFERRY_REST_PORT,
    evictionsPort: e.PODFERRY_EVICTIONS_PORT,
    dashboardDirectory: e.PODFERRY_DASHBOARD_DIR,
    logLevel: e.PODFERRY_LOG_LEVEL,
    address: e.PODFERRY_ADDRESS,
    limits: {
      perNode: e.PODFERRY_MIGRATIONS_PER_NODE,
      perCluster: e.PODFERRY_MIGRATIONS_PER_CLUSTER,
    },
    identity: e.POD_NAME,
    namespace: e.POD_NAMESPACE,
  };
}
