import type { KubeClient } from './client.ts';

/** An API server, and the namespace in which somebody works there. */
export interface Connection {
  client: KubeClient;
  namespace: string;
}
