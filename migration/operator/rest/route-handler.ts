import type { Logger } from 'pino';
import type { z } from 'zod';
import type { RestRoute, RestRouteName, restRoutes } from '../../contract/rest.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Authorizer } from './authorize.ts';
import type { Caller } from './caller.ts';
import type { Scopes } from './scope.ts';

/** What handlers work with. */
export interface RestWorld {
  client: KubeClient;
  authorizer: Authorizer;
  scopes: Scopes;
  log: Logger;
}

type Read<T> = T extends z.ZodType ? z.output<T> : undefined;
type PartOf<R extends RestRoute, K extends 'params' | 'query' | 'body'> = R extends { [key in K]: infer T }
  ? Read<T>
  : undefined;

/** A request that was read, by somebody who is known. What they may do the handler finds out. */
export interface Asked<R extends RestRoute> {
  caller: Caller;
  params: PartOf<R, 'params'>;
  query: PartOf<R, 'query'>;
  body: PartOf<R, 'body'>;
  /** Fires when the caller has gone away. */
  signal: AbortSignal;
}

/** Answers a request; throws a Refusal, or what the API server refused. */
export type RouteHandler<N extends RestRouteName> = (
  world: RestWorld,
  asked: Asked<(typeof restRoutes)[N]>,
) => Promise<z.output<(typeof restRoutes)[N]['answer']>>;
