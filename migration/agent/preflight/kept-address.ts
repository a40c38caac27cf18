import type { AddressChoice } from '../../contract/agent-api.ts';
import { failed, failedIf, passed, type Verdict } from '../../contract/verdict.ts';
import { addressesOf } from '../network/pod-link.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { FoundPod } from '../source/pod.ts';

/** Whether this node's network lets the pod take its address along. */
export async function keptAddress(
  address: AddressChoice,
  network: Pick<PodNetwork, 'whyNoKeeping' | 'linkOf'>,
  pod: FoundPod,
): Promise<Verdict> {
  if (address === 'new') return passed();
  const why = await network.whyNoKeeping();
  if (why !== undefined) return failed(why);
  try {
    const link = await network.linkOf(pod.containers[0]?.initPid ?? 0);
    return passed(
      addressesOf(link)
        .map((one) => `${one} goes along`)
        .join(', '),
    );
  } catch (error) {
    return failed((error as Error).message);
  }
}

/** Whether this node's network takes in a pod that brings its address. */
export async function takenAddress(
  address: AddressChoice,
  network: Pick<PodNetwork, 'whyNoKeeping'>,
): Promise<Verdict> {
  return address === 'new' ? passed() : failedIf(await network.whyNoKeeping());
}
