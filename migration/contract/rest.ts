import { z } from 'zod';
import { podmigrationSpec } from './podmigration.ts';
import { streamMessage } from './rest-stream.ts';
import {
  checkpointView,
  dryRunResult,
  eventView,
  migrationView,
  nodeWithPods,
  podView,
  session,
} from './rest-views.ts';

/**
 * The routes of the REST API: one source for the server, its OpenAPI document and the dashboard. Browser-safe. The
 * routes of the original are in rest-legacy.ts.
 */

/** Port of the API: of its Service in the cluster, and on the control-plane node's loopback. */
export const REST_PORT = 5000;

/** Port of the API on every node's address (a Service's nodePort). */
export const REST_NODE_PORT = 30500;

/** Name of the API's Service, in the operator's namespace. */
export const REST_SERVICE = 'podferry-rest';

/** What pods call it by; its certificate is for these names and the address of the control-plane node. */
export const REST_HOST_NAMES = ['svc', 'svc.cluster.local'].map(
  (end) => `${REST_SERVICE}.podferry-system.${end}`,
);

/** Annotation on a Podmigration: who asked for it by the REST API. */
export const REQUESTED_BY_ANNOTATION = 'podferry.dev/requested-by';

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const namespaceName = z
  .string()
  .max(63)
  .regex(label, 'lower-case letters, digits and dashes')
  .describe('Namespace.');
const objectName = z.string().max(253).regex(subdomain, 'lower-case letters, digits, dashes and dots');

const inNamespace = z.object({ namespace: namespaceName });
const oneObject = z.object({ namespace: namespaceName, name: objectName });

/** Without a namespace: those of every namespace in which the caller may list them. */
const ofNamespace = z.object({ namespace: namespaceName.optional() });
const ifStillThis = z.object({
  uid: z.string().max(128).optional().describe('Only if the object still has this uid.'),
});

const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

const createMigrationRequest = z.strictObject({
  name: objectName.optional().describe('Chosen by the server when absent.'),
  spec: z.strictObject(podmigrationSpec.shape).describe('As in the spec of a Podmigration.'),
});

const dryRunRequest = z.strictObject({
  sourcePod: objectName,
  destHost: objectName.optional().describe('Absent: the answer says which nodes would do.'),
  transport: podmigrationSpec.shape.transport,
  ignoreChecks: podmigrationSpec.shape.ignoreChecks,
});

const restoreRequest = z.strictObject({
  name: objectName.optional().describe('Of the Podmigration; chosen by the server when absent.'),
  destHost: objectName.optional().describe('Absent: the scheduler chooses.'),
  replicas: z.int().min(0).max(1000).optional().describe('1 when absent.'),
});

const changeMigrationRequest = z.strictObject({
  replicas: z
    .int()
    .min(0)
    .max(1000)
    .describe('restore: how many pods to run. More are added; the youngest are removed.'),
});

/** One route. When it does not do what was asked it answers with a `problem` (rest-problem.ts) and its 4xx or 5xx status. */
export interface RestRoute {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `:name` for what varies. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Status of the answer when all went well, and what it holds. */
  status: 200 | 201 | 202;
  answer: z.ZodType;
  /** Of the answer, when it is not JSON. */
  mediaType?: string;
}

export const restRoutes = {
  getSession: {
    method: 'GET',
    path: '/api/v1/session',
    tag: 'session',
    summary: 'Who the caller is, and what they may see and do.',
    status: 200,
    answer: session,
  },
  listMigrations: {
    method: 'GET',
    path: '/api/v1/podmigrations',
    tag: 'migrations',
    summary: 'Migrations, newest first.',
    query: ofNamespace,
    status: 200,
    answer: list(migrationView),
  },
  createMigration: {
    method: 'POST',
    path: '/api/v1/namespaces/:namespace/podmigrations',
    tag: 'migrations',
    summary: 'Moves a pod, saves a checkpoint or restores one.',
    params: inNamespace,
    body: createMigrationRequest,
    status: 201,
    answer: migrationView,
  },
  getMigration: {
    method: 'GET',
    path: '/api/v1/namespaces/:namespace/podmigrations/:name',
    tag: 'migrations',
    summary: 'One migration.',
    params: oneObject,
    status: 200,
    answer: migrationView,
  },
  changeMigration: {
    method: 'PATCH',
    path: '/api/v1/namespaces/:namespace/podmigrations/:name',
    tag: 'migrations',
    summary: 'Changes how many pods a restore runs.',
    params: oneObject,
    body: changeMigrationRequest,
    status: 200,
    answer: migrationView,
  },
  deleteMigration: {
    method: 'DELETE',
    path: '/api/v1/namespaces/:namespace/podmigrations/:name',
    tag: 'migrations',
    summary: 'Calls a migration off, or removes one that is over.',
    description:
      'Up to the commit the source goes on as if nothing had happened; after it the move is finished first. ' +
      'The answer is the object as it is now; it is gone when that is done.',
    params: oneObject,
    query: ifStillThis,
    status: 202,
    answer: migrationView,
  },
  listMigrationEvents: {
    method: 'GET',
    path: '/api/v1/namespaces/:namespace/podmigrations/:name/events',
    tag: 'migrations',
    summary: 'What was told about a migration and its pods, oldest first.',
    params: oneObject,
    status: 200,
    answer: list(eventView),
  },
  dryRun: {
    method: 'POST',
    path: '/api/v1/namespaces/:namespace/dry-runs',
    tag: 'migrations',
    summary: 'Tells, check by check, whether a pod could be moved; nothing is touched.',
    params: inNamespace,
    body: dryRunRequest,
    status: 200,
    answer: dryRunResult,
  },
  listCheckpoints: {
    method: 'GET',
    path: '/api/v1/podcheckpoints',
    tag: 'checkpoints',
    summary: 'Checkpoints on the store, newest first.',
    query: ofNamespace,
    status: 200,
    answer: list(checkpointView),
  },
  deleteCheckpoint: {
    method: 'DELETE',
    path: '/api/v1/namespaces/:namespace/podcheckpoints/:name',
    tag: 'checkpoints',
    summary: 'Removes a checkpoint from the store.',
    params: oneObject,
    query: ifStillThis,
    status: 202,
    answer: checkpointView,
  },
  restoreCheckpoint: {
    method: 'POST',
    path: '/api/v1/namespaces/:namespace/podcheckpoints/:name/restore',
    tag: 'checkpoints',
    summary: 'Starts pods from a checkpoint.',
    params: oneObject,
    body: restoreRequest,
    status: 201,
    answer: migrationView,
  },
  listNodes: {
    method: 'GET',
    path: '/api/v1/nodes',
    tag: 'cluster',
    summary: 'Nodes, each with the pods on it that the caller may see.',
    query: ofNamespace,
    status: 200,
    answer: list(nodeWithPods),
  },
  listPods: {
    method: 'GET',
    path: '/api/v1/pods',
    tag: 'cluster',
    summary: 'Pods, and whether they could be moved by what their objects say.',
    query: ofNamespace,
    status: 200,
    answer: list(podView),
  },
  stream: {
    method: 'GET',
    path: '/api/v1/stream',
    tag: 'cluster',
    summary: 'All that the caller may see, and every change of it, as server-sent events.',
    description: 'The data of each event is one message of this schema.',
    query: ofNamespace,
    status: 200,
    answer: streamMessage,
    mediaType: 'text/event-stream',
  },
} as const satisfies Record<string, RestRoute>;
export type RestRouteName = keyof typeof restRoutes;

/** The path of a route with its variable parts filled in. Throws an Error that names a part without a value. */
export function restPath(route: RestRoute, params: Readonly<Record<string, string>> = {}): string {
  return route.path.replace(/:(\w+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${route.path} needs ${name}`);
    return encodeURIComponent(value);
  });
}
