import { z } from 'zod';
import { isApiError } from '../../migration/kube/client.ts';
import { type ExperimentLab, masterOf, NAMESPACE, WORKLOAD_LABEL, workersOf } from '../lab.ts';
import type { Workload } from '../workloads/workload.ts';
import { uncordon } from './cordon.ts';
import { removeMigrations } from './subject.ts';

const REMOVED_MS = 120_000;
const namespacePath = `/api/v1/namespaces/${NAMESPACE}`;

const service = z.object({
  spec: z.object({ clusterIP: z.string(), ports: z.array(z.object({ nodePort: z.int() })).min(1) }),
});

/** Where a workload's Service is reached. */
export interface ServiceAddress {
  /** From the nodes. */
  clusterIP: string;
  port: number;
  /** From this machine: host and port. */
  outside: string;
}

/** Makes the namespace anew: what an experiment that was cut off left there is removed first. */
export async function setStage(lab: ExperimentLab): Promise<void> {
  await clearStage(lab);
  await lab.client.request('POST', '/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  });
}

/** Removes everything that the experiment made in the cluster. */
export async function clearStage(lab: ExperimentLab): Promise<void> {
  // An experiment that was killed may have left a node cordoned.
  for (const node of workersOf(lab)) await uncordon(lab, node);
  const exists = async (): Promise<boolean> => {
    try {
      await lab.client.request('GET', namespacePath);
      return true;
    } catch (error) {
      if (isApiError(error, 404)) return false;
      throw error;
    }
  };
  if (!(await exists())) return;
  await removeMigrations(lab);
  await lab.client.request('DELETE', namespacePath);
  const end = Date.now() + REMOVED_MS;
  while (await exists()) {
    if (Date.now() > end) throw new Error(`namespace ${NAMESPACE} does not go away`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** The workload's Service, for all of its runs. */
export async function createService(lab: ExperimentLab, { name, port }: Workload): Promise<ServiceAddress> {
  const body = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: name.toLowerCase(), labels: { [WORKLOAD_LABEL]: name } },
    spec: { type: 'NodePort', selector: { [WORKLOAD_LABEL]: name }, ports: [{ port }] },
  };
  const created = service.parse(await lab.client.request('POST', `${namespacePath}/services`, { body }));
  const nodePort = created.spec.ports[0]?.nodePort ?? 0;
  return { clusterIP: created.spec.clusterIP, port, outside: `${masterOf(lab).address}:${nodePort}` };
}
