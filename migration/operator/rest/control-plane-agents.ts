import type { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { agentCommonName } from '../../contract/agent-api.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isControlPlane, node } from '../../kube/objects.ts';
import { nodesPath } from '../../kube/paths.ts';
import type { Loopback } from './caller.ts';

const KNOWN_MS = 60_000;

const list = z.object({ items: z.array(z.unknown()) });

/** Who may vouch for somebody at a node's loopback: the agents of control-plane nodes, by their certificates. */
export class ControlPlaneAgents {
  readonly #known: LRUCache<string, string[]>;

  constructor(client: KubeClient) {
    this.#known = new LRUCache({
      max: 1,
      ttl: KNOWN_MS,
      fetchMethod: async () => {
        const { items } = list.parse(await client.request('GET', nodesPath()));
        return items
          .map((raw) => node.parse(raw))
          .filter(isControlPlane)
          .map(({ metadata }) => metadata.name);
      },
    });
  }

  /** Undefined for a connection without the certificate of such an agent. */
  async callerOf(socket: TLSSocket): Promise<Loopback | undefined> {
    if (!socket.authorized) return undefined;
    const commonName = String(socket.getPeerCertificate().subject?.CN);
    const nodes = (await this.#known.fetch('nodes')) ?? [];
    const found = nodes.find((name) => agentCommonName(name) === commonName);
    return found === undefined ? undefined : { kind: 'loopback', node: found };
  }
}
