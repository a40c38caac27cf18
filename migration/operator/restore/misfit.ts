import type { CheckpointManifest } from '../../contract/agent-api.ts';
import { podTemplate } from '../clone-pod.ts';

/** The containers of a pod, or of a template of one. */
interface Containers {
  spec: {
    containers: readonly { name: string; image: string }[];
    initContainers: readonly { name: string; image: string }[];
  };
}

/**
 * A state only goes into a container of its own name and image: another program would not know what to do with it. A container
 * that the checkpoint knows nothing of would not be started at all.
 */
export function misfit(
  { spec }: Containers,
  manifest: CheckpointManifest,
  what: 'template' | 'pod',
): string | undefined {
  const { containers, images } = manifest;
  const given = new Map([...spec.initContainers, ...spec.containers].map(({ name, image }) => [name, image]));
  for (const name of containers) {
    const image = given.get(name);
    if (image === undefined)
      return `the checkpoint holds container ${name}, the ${what} has only ${[...given.keys()].join(', ')}`;
    if (image !== images[name])
      return `container ${name} of the checkpoint was of image ${images[name]}, the ${what} has ${image}`;
  }
  const known = new Set([...containers, ...rememberedNames(manifest)]);
  const strange = spec.containers.find(({ name }) => !known.has(name));
  return strange && `the ${what} has a container ${strange.name}, of which the checkpoint holds no state`;
}

/** Containers of the pod that had run to their end when it was saved belong to it, too. */
function rememberedNames({ template }: CheckpointManifest): string[] {
  const parsed = podTemplate.safeParse(template);
  return parsed.success ? parsed.data.spec.containers.map(({ name }) => name) : [];
}
