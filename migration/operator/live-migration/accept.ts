import { destinationOf, type Podmigration } from '../../contract/podmigration.ts';
import { failures } from '../../contract/verdict.ts';
import type { Node, Pod, PodDocument } from '../../kube/objects.ts';
import { whyNotKept, withReason } from '../checks/addresses.ts';
import { objectionsOf, withChecks } from '../checks/movable.ts';
import { preflight, type Wish } from '../checks/preflight.ts';
import { controllerAmong, knowsByName, ownersOf } from '../handover/controllers.ts';
import { busyWith, findNode, findPod } from '../lookup.ts';
import { moveNumber, nextPodName } from '../naming.ts';
import { refused } from '../refused.ts';
import { type Outcome, type Run, type Step, write } from '../run.ts';
import { change, enter } from '../status.ts';
import { admit } from './admit.ts';

/**
 * Pending: answers whether the pod can be moved there, before anything is touched, and takes the pod for this
 * migration. The choice of pods and names is written down before anything is made, so that it is the same after a
 * restart. A dry run ends with the answer.
 */
export const accept: Step = async (run) => {
  const { cluster, migration } = run;
  const { namespace } = migration.metadata;
  const asked = migration.spec.sourcePod ?? '';
  const pod = await findPod(cluster, namespace, asked);
  return run.exclusively(`${namespace}/${pod?.metadata.name ?? asked}`, () => decide(run, asked, pod));
};

async function decide(run: Run, asked: string, pod: Pod | undefined): Promise<Outcome> {
  const { cluster, migration } = run;
  const { dryRun = false, transport = 'stream', ignoreChecks: ignored = [] } = migration.spec;
  const destHost = destinationOf(migration.spec);
  const node = destHost === '' ? undefined : findNode(cluster, destHost);
  const found = pod && (await cluster.readPod(migration.metadata.namespace, pod.metadata.name));
  const busy = pod && (await busyWith(run, pod));
  const wish = {
    asked,
    found,
    busyWith: busy,
    destHost,
    node,
    transport,
    ignored,
    dryRun,
  };
  const { address, checks } = await withAddress(run, wish);
  const checked = { ...run, status: change(withChecks(run, checks), { address }) };
  if (!found || failures(checks).length > 0) return write(refused(checked, objectionsOf(checks), found?.pod));
  return dryRun ? write(answer(checked, found.pod)) : admit(checked, ...take(checked, found, node));
}

/** What becomes of the address, and the checks for that. Where nobody asked for it, a network that cannot keep it keeps no pod from being moved. */
async function withAddress(run: Run, wish: Omit<Wish, 'address'>) {
  const asked = run.migration.spec.address;
  const address = asked ?? run.address;
  const checks = await preflight(run, { ...wish, address });
  const why = address === 'keep' ? whyNotKept(checks) : undefined;
  if (asked !== undefined || why === undefined) return { address, checks };
  return {
    address: 'new' as const,
    checks: withReason(await preflight(run, { ...wish, address: 'new' }), why),
  };
}

/** The end of a dry run whose pod can be moved. */
function answer(run: Run, { metadata, spec }: Pod) {
  const { sourcePod, sourceNode } = { sourcePod: metadata.name, sourceNode: spec.nodeName };
  const why = { reason: 'Movable', message: `${sourcePod} can be moved; nothing was done` };
  return enter(run.migration, change(run.status, { sourcePod, sourceNode }), 'Succeeded', why, run.now());
}

interface Found {
  pod: Pod;
  document: PodDocument;
}

/** The status that takes the pod for this migration, and what to say of it. */
function take({ cluster, migration, status }: Run, { pod, document }: Found, node: Node | undefined) {
  const { namespace } = migration.metadata;
  const { name, uid } = pod.metadata;
  // One that waited in the queue has named its target before: that name is its own.
  const isOfOthers = (other: Podmigration) => other.metadata.uid !== migration.metadata.uid;
  const isTaken = (other: string) =>
    cluster.pod(namespace, other) !== undefined || cluster.migrationsOf(namespace, other).some(isOfOthers);
  const keepsName = knowsByName(controllerAmong(ownersOf(document)));
  const targetPod = keepsName ? name : nextPodName(name, isTaken);
  const accepted = change(status, {
    sourcePod: name,
    sourceUid: uid,
    sourceNode: pod.spec.nodeName,
    targetPod,
    targetNode: node?.metadata.name,
    activePod: name,
    currentRevision: keepsName ? undefined : String(moveNumber(targetPod)),
  });
  const to = node ? ` to ${node.metadata.name}` : '';
  return [accepted, `moving ${name} away from ${pod.spec.nodeName}${to}`] as const;
}
