import { randomBytes } from 'node:crypto';
import type { KubeClient } from '../kube/client.ts';
import { eventsPath } from '../kube/paths.ts';
import type { ClusterEvent, Regarding } from './cluster.ts';

/** Who the operator is in events and leases. */
export const OPERATOR_NAME = 'podferry-operator';

/** Makes an event (events.k8s.io/v1) about an object, in its namespace. */
export async function postEvent(
  client: KubeClient,
  identity: string,
  regarding: Regarding,
  event: ClusterEvent,
): Promise<void> {
  const { namespace } = regarding;
  const body = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${regarding.name.slice(0, 230)}.${randomBytes(8).toString('hex')}`, namespace },
    eventTime: new Date().toISOString().replace('Z', '000Z'),
    reportingController: OPERATOR_NAME,
    reportingInstance: identity,
    regarding,
    ...event,
    note: event.note.slice(0, 1024),
  };
  await client.request('POST', eventsPath(namespace), { body });
}
