import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { FakeApiServer } from '../../../bench/operator/api-server.ts';
import { ObjectStore } from '../../../bench/operator/object-store.ts';
import { ApiError, type KubeClient, kubeClient } from '../../../kube/client.ts';
import { accessReviewsPath, tokenReviewsPath } from '../../../kube/paths.ts';
import type { Credentials } from '../../agent-wire.ts';
import { restServer } from '../server.ts';

export const MIGRATIONS = 'podmig.dcn.ssu.ac.kr/podmigrations';
export const CHECKPOINTS = 'podferry.dev/podcheckpoints';

const sent = {
  token: z.object({ spec: z.object({ token: z.string() }) }),
  access: z.object({
    spec: z.object({
      user: z.string(),
      resourceAttributes: z.object({ namespace: z.string(), verb: z.string(), resource: z.string() }),
    }),
  }),
  object: z.looseObject({ metadata: z.looseObject({ generateName: z.string().optional() }) }),
};

/** The REST server on a simulated API server, with three users: `none`, `limited` (to namespace `mine`) and `full`. */
export class RestHarness {
  readonly store = new ObjectStore();
  readonly registry = new Registry();
  readonly logged: string[] = [];
  /** Requests for reviews, by path. */
  readonly reviews: string[] = [];
  /** Set to make the API server silent or unwilling. */
  refusing: Error | undefined;
  readonly #api = new FakeApiServer(this.store, { read: 0, write: 0 });
  #app: FastifyInstance | undefined;

  static async start(credentials: Credentials): Promise<RestHarness> {
    const harness = new RestHarness();
    await harness.#start(credentials);
    return harness;
  }

  get app(): FastifyInstance {
    if (!this.#app) throw new Error('the server was not started');
    return this.#app;
  }

  async stop(): Promise<void> {
    await this.app.close();
    this.#api.server.closeAllConnections();
    this.#api.server.close();
  }

  /** One request by a user; undefined: without a token. */
  async ask(user: string | undefined, method: InjectOptions['method'], url: string, body?: unknown) {
    const { statusCode, headers, payload } = await this.app.inject({
      method: method ?? 'GET',
      url,
      headers: {
        ...(user !== undefined && { authorization: `Bearer token-${user}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    });
    return { status: statusCode, headers, payload, body: payload === '' ? undefined : JSON.parse(payload) };
  }

  /** A running pod, as the API server has it. */
  addPod(
    namespace: string,
    name: string,
    more: { spec?: object; phase?: string; metadata?: object } = {},
  ): void {
    const containers = [{ name: 'app', image: 'app:1' }];
    const containerStatuses = [{ name: 'app', state: { running: {} }, restartCount: 1 }];
    const conditions = [{ type: 'Ready', status: 'True' }];
    this.store.create('/pods', {
      metadata: { name, namespace, ...more.metadata },
      spec: { nodeName: 'worker1', containers, ...more.spec },
      status: { phase: more.phase ?? 'Running', containerStatuses, conditions },
    });
  }

  addNode(name: string, labels: Record<string, string> = {}): void {
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = { conditions, addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] };
    this.store.create('/nodes', { metadata: { name, labels }, spec: {}, status });
  }

  /** Any object of ours. */
  add(resource: string, namespace: string, name: string, more: object): void {
    const [group = '', plural = ''] = resource.split('/');
    const kind = plural === 'podmigrations' ? 'Podmigration' : 'PodCheckpoint';
    this.store.create(resource, { apiVersion: `${group}/v1`, kind, metadata: { name, namespace }, ...more });
  }

  async #start(credentials: Credentials): Promise<void> {
    await new Promise<void>((resolve) => this.#api.server.listen(0, '127.0.0.1', resolve));
    const server = `http://127.0.0.1:${(this.#api.server.address() as AddressInfo).port}`;
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'test', server, skipTLSVerify: true }, { name: 'test' });
    for (const name of ['mine', 'other', 'default']) this.store.create('/namespaces', { metadata: { name } });
    const log = pino({ level: 'debug' }, { write: (line: string) => this.logged.push(line) });
    const client = this.#reviewing(kubeClient(config));
    this.#app = await restServer({
      client,
      credentials,
      log,
      registry: this.registry,
      dashboardDirectory: fileURLToPath(new URL('../../../dashboard/page/', import.meta.url)),
    });
  }

  /** What the simulated API server does not do: reviews, names it makes up, and refusals on demand. */
  #reviewing(client: KubeClient): KubeClient {
    return {
      stream: (path, details) => client.stream(path, details),
      request: async (method, path, details) => {
        if (this.refusing) throw this.refusing;
        if (path === tokenReviewsPath() || path === accessReviewsPath()) this.reviews.push(path);
        if (path === tokenReviewsPath()) return review(sent.token.parse(details?.body).spec.token);
        if (path === accessReviewsPath()) return access(sent.access.parse(details?.body).spec);
        if (method !== 'POST') return client.request(method, path, details);
        const body = sent.object.parse(details?.body);
        const { generateName } = body.metadata;
        const metadata = {
          ...body.metadata,
          name: body.metadata.name ?? `${generateName}${randomUUID().slice(0, 5)}`,
        };
        if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(String(metadata.name)))
          throw new ApiError(`POST ${path}`, 422, 'Invalid', 'metadata.name: Invalid value');
        return client.request(method, path, { ...details, body: { ...body, metadata } });
      },
    };
  }
}

function review(token: string) {
  const user = /^token-(none|limited|full)$/.exec(token)?.[1];
  if (user === undefined) return { status: { user: {}, error: 'bad' } };
  return { status: { authenticated: true, user: { username: user, groups: ['system:authenticated'] } } };
}

function access({ user, resourceAttributes }: z.infer<(typeof sent)['access']>['spec']) {
  const isAllowed = user === 'full' || (user === 'limited' && resourceAttributes.namespace === 'mine');
  return { status: { allowed: isAllowed } };
}
