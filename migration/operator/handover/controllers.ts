import { z } from 'zod';
import { ownerReference, type PodDocument } from '../../kube/objects.ts';
import { type LabelSelector, labelSelector } from '../checks/selector.ts';

/** A reference from a pod to an object that owns it; what we do not know of it is kept. */
export const owner = ownerReference.loose();
export type Owner = z.infer<typeof owner>;

const owned = z.object({ ownerReferences: z.array(owner).default([]) });

/** Who owns a pod now. */
export const ownersOf = ({ metadata }: PodDocument): Owner[] => owned.parse(metadata).ownerReferences;

/** Labels by which a controller finds its pods, as it has them in its spec. */
const selecting = z.object({ spec: z.object({ selector: labelSelector }) });

/** Controllers that a target can be given to in place of its source: their collections in the API server's REST interface. */
const COLLECTIONS: Record<string, (namespace: string) => string> = {
  'apps/v1/ReplicaSet': (namespace) =>
    `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/replicasets`,
  'batch/v1/Job': (namespace) => `/apis/batch/v1/namespaces/${encodeURIComponent(namespace)}/jobs`,
};

/** Where the API server has this controller; undefined for a kind that is not known. */
export function controllerPath(namespace: string, of: Owner): string | undefined {
  const collection = COLLECTIONS[`${of.apiVersion}/${of.kind}`];
  return collection && `${collection(namespace)}/${encodeURIComponent(of.name)}`;
}

/** The selector of a controller as the API server gives it. @throws ZodError for an object of another form */
export const controllerSelector = (raw: unknown): LabelSelector => selecting.parse(raw).spec.selector;

/** The owner that controls a pod, if any: there is never more than one. */
export const controllerAmong = (owners: readonly Owner[]): Owner | undefined =>
  owners.find((o) => o.controller);

export const isJob = (of: Owner | undefined): boolean => of?.kind === 'Job';

/** A controller that knows its pods by their names: another one of the same name has to take a pod's place. */
export const knowsByName = (of: Owner | undefined): boolean =>
  of?.apiVersion === 'apps/v1' && of.kind === 'StatefulSet';
