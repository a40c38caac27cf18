import { node } from '../../migration/kube/objects.ts';
import { nodesPath } from '../../migration/kube/paths.ts';
import type { ExperimentLab } from '../lab.ts';

/** Tells our cordon from one that the user has set. */
const CORDONED = 'podferry.dev/experiment-cordoned';

/** Lets no more pods onto a node. */
export async function cordon({ client }: ExperimentLab, name: string): Promise<void> {
  await patch(client, name, {
    metadata: { annotations: { [CORDONED]: 'true' } },
    spec: { unschedulable: true },
  });
}

/** Undoes `cordon`; a node that somebody else has cordoned stays so. */
export async function uncordon({ client }: ExperimentLab, name: string): Promise<void> {
  const { metadata } = node.parse(await client.request('GET', `${nodesPath()}/${name}`));
  if (!(CORDONED in metadata.annotations)) return;
  await patch(client, name, {
    metadata: { annotations: { [CORDONED]: null } },
    spec: { unschedulable: null },
  });
}

async function patch(client: ExperimentLab['client'], name: string, body: object): Promise<void> {
  await client.request('PATCH', `${nodesPath()}/${name}`, {
    contentType: 'application/merge-patch+json',
    body,
  });
}
