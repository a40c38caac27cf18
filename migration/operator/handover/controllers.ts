import { z } from 'zod';
import { type LabelSelector, labelSelector } from '../checks/selector.ts';

/** A reference from a pod to an object that owns it; what we do not know of it is kept. */
export const owner = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().default(false),
});
export type Owner = z.infer<typeof owner>;

/** Labels by which a controller finds its pods, as it has them in its spec. */
const newStyle = z.object({ spec: z.object({ selector: labelSelector }) });
const oldStyle = z.object({ spec: z.object({ selector: z.record(z.string(), z.string()).default({}) }) });

interface KnownController {
  /** The collection in the API server's REST interface. */
  collection: (namespace: string) => string;
  parse: (raw: unknown) => LabelSelector;
}

const newSelector = (raw: unknown): LabelSelector => newStyle.parse(raw).spec.selector;
const oldSelector = (raw: unknown): LabelSelector => ({
  matchLabels: oldStyle.parse(raw).spec.selector,
  matchExpressions: [],
});

const inGroup = (group: string, resource: string) => (namespace: string) =>
  `${group}/namespaces/${encodeURIComponent(namespace)}/${resource}`;

/** Controllers that a target can be given to in place of its source, by API version and kind. */
const KNOWN = new Map<string, KnownController>([
  ['apps/v1/ReplicaSet', { collection: inGroup('/apis/apps/v1', 'replicasets'), parse: newSelector }],
  [
    'v1/ReplicationController',
    { collection: inGroup('/api/v1', 'replicationcontrollers'), parse: oldSelector },
  ],
  ['batch/v1/Job', { collection: inGroup('/apis/batch/v1', 'jobs'), parse: newSelector }],
]);

const known = ({ apiVersion, kind }: Pick<Owner, 'apiVersion' | 'kind'>) =>
  KNOWN.get(`${apiVersion}/${kind}`);

/** Whether this controller takes another pod for the one it made, so that a pod of it can be moved to a new name. */
export const takesAnotherPod = (of: Pick<Owner, 'apiVersion' | 'kind'>): boolean => known(of) !== undefined;

/** Where the API server has this controller; undefined for a kind that is not known. */
export function controllerPath(namespace: string, of: Owner): string | undefined {
  const collection = known(of)?.collection(namespace);
  return collection && `${collection}/${encodeURIComponent(of.name)}`;
}

/** The selector of a controller as the API server gives it. @throws ZodError for an object of another form */
export function controllerSelector(of: Owner, raw: unknown): LabelSelector | undefined {
  return known(of)?.parse(raw);
}

/** The owner that controls a pod, if any: there is never more than one. */
export const controllerAmong = (owners: readonly Owner[]): Owner | undefined =>
  owners.find((o) => o.controller);

export const isJob = (of: Owner | undefined): boolean => of?.kind === 'Job';
