import { z } from 'zod';
import { type Checks, failed, passed } from '../../contract/verdict.ts';
import type { PodFacts } from './pod.ts';
import type { Volume } from './pod-detail.ts';

/** A PersistentVolumeClaim, as far as it decides whether two nodes may have it at once. */
export const claim = z.object({
  spec: z
    .object({ accessModes: z.array(z.string()).default([]), volumeMode: z.string().default('Filesystem') })
    .default({ accessModes: [], volumeMode: 'Filesystem' }),
  status: z.object({ accessModes: z.array(z.string()).optional() }).default({}),
});
export type Claim = z.infer<typeof claim>;

/** The claims that the pod's volumes name; undefined for one that is not there. */
export interface VolumeFacts extends PodFacts {
  claims: ReadonlyMap<string, Claim | undefined>;
}

/** Volumes whose content is elsewhere, so that the same is mounted wherever the pod comes up. */
const MOUNTED_ANEW = new Set(['configMap', 'secret', 'projected', 'downwardAPI', 'hostPath', 'nfs', 'image']);

const claimVolume = z.object({ claimName: z.string() });
const emptyDir = z.object({ medium: z.string().default('') });

/** Names of the claims that a pod's volumes use. */
export const claimsOf = (volumes: readonly Volume[]): string[] =>
  volumes.flatMap(({ persistentVolumeClaim }) => {
    const parsed = claimVolume.safeParse(persistentVolumeClaim);
    return parsed.success ? [parsed.data.claimName] : [];
  });

export const volumes: Checks<VolumeFacts> = {
  Volumes({ pod, claims }) {
    const left = pod.spec.volumes.flatMap((volume) => whyLeft(volume, claims) ?? []);
    return left.length === 0 ? passed() : failed(`volumes that would stay behind: ${left.join('; ')}`);
  },
};

function whyLeft(volume: Volume, claims: VolumeFacts['claims']): string | undefined {
  const { name, ...kinds } = volume;
  const kind = Object.keys(kinds)[0] ?? 'emptyDir';
  if (MOUNTED_ANEW.has(kind)) return undefined;
  if (kind === 'emptyDir') {
    const { medium } = emptyDir.parse(volume.emptyDir ?? {});
    return medium.startsWith('HugePages') ? `${name} (emptyDir of ${medium})` : undefined;
  }
  if (kind !== 'persistentVolumeClaim') return `${name} (${kind})`;
  const [claimName = ''] = claimsOf([volume]);
  const problem = whyBound(claims.get(claimName));
  return problem && `${name} (claim ${claimName}: ${problem})`;
}

/** Why a claim cannot be mounted on a second node (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes). */
function whyBound(found: Claim | undefined): string | undefined {
  if (!found) return 'it does not exist';
  if (found.spec.volumeMode === 'Block') return 'a block volume';
  const modes = found.status.accessModes ?? found.spec.accessModes;
  const shared = modes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
  return shared ? undefined : `only ${modes.join(', ') || 'no access mode'}`;
}
