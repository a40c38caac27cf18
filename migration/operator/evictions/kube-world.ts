import { z } from 'zod';
import { EVICTION_GIVEN_UP_ANNOTATION } from '../../contract/annotations.ts';
import {
  PODMIGRATION_API_VERSION,
  PODMIGRATION_KIND,
  type Podmigration,
  podmigration,
} from '../../contract/podmigration.ts';
import { isApiError, type KubeClient } from '../../kube/client.ts';
import { node, type Pod, pod } from '../../kube/objects.ts';
import { migrationPath, migrationsPath, namespacePath, nodePath, podPath } from '../../kube/paths.ts';
import { postEvent } from '../post-event.ts';
import type { EvictionWorld } from './decide.ts';

const namespace = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
});
const migrations = z.object({ items: z.array(podmigration) });

/** The API server waits a few seconds for a webhook: what it asks us has to be answered sooner, in ms. */
const ASK_MS = 4_000;

/** The real cluster, asked anew each time: evictions are few, and any replica may be asked about one. */
export function kubeEvictionWorld(
  client: KubeClient,
  identity: string,
  onError: (error: unknown) => void,
): EvictionWorld {
  const ask = (path: string) => client.request('GET', path, { timeoutMs: ASK_MS });
  return {
    async readPod(inNamespace, name) {
      try {
        return pod.parse(await ask(podPath(inNamespace, name)));
      } catch (error) {
        if (isApiError(error, 404)) return undefined;
        throw error;
      }
    },
    namespaceLabels: async (name) => namespace.parse(await ask(namespacePath(name))).metadata.labels,
    async isCordoned(name) {
      return node.parse(await ask(nodePath(name))).spec.unschedulable;
    },
    async moves(inNamespace) {
      const { items } = migrations.parse(await ask(migrationsPath(inNamespace)));
      return items.filter(({ spec }) => spec.action === 'live-migration');
    },
    move: (of, name) => create(client, of, name),
    callOff: (move) => callOff(client, move),
    async giveUp({ metadata }) {
      const body = {
        metadata: { uid: metadata.uid, annotations: { [EVICTION_GIVEN_UP_ANNOTATION]: 'true' } },
      };
      const path = podPath(metadata.namespace, metadata.name);
      await client.request('PATCH', path, {
        body,
        contentType: 'application/merge-patch+json',
        timeoutMs: ASK_MS,
      });
    },
    isGivenUp: ({ metadata }) => metadata.annotations[EVICTION_GIVEN_UP_ANNOTATION] !== undefined,
    tell({ metadata }, reason, note) {
      const about = {
        apiVersion: 'v1',
        kind: 'Pod',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      };
      postEvent(client, identity, about, { type: 'Warning', reason, action: 'evict', note }).catch(onError);
    },
    now: () => new Date(),
  };
}

async function create(client: KubeClient, { metadata }: Pod, name: string): Promise<void> {
  const body = {
    apiVersion: PODMIGRATION_API_VERSION,
    kind: PODMIGRATION_KIND,
    metadata: { name, namespace: metadata.namespace },
    spec: { action: 'live-migration', sourcePod: metadata.name },
  };
  try {
    await client.request('POST', migrationsPath(metadata.namespace), { body, timeoutMs: ASK_MS });
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
  }
}

async function callOff(client: KubeClient, { metadata }: Podmigration): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: metadata.uid } };
  try {
    await client.request('DELETE', migrationPath(metadata.namespace, metadata.name), {
      body,
      timeoutMs: ASK_MS,
    });
  } catch (error) {
    if (!isApiError(error, 404) && !isApiError(error, 409)) throw error;
  }
}
