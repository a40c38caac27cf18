import { z } from 'zod';
import type { CheckpointManifest } from '../../contract/agent-api.ts';
import type { Bundle } from '../bundle.ts';
import { RequestError } from '../failure.ts';

const named = z.array(z.looseObject({ name: z.string() })).default([]);
const remembered = z.looseObject({ spec: z.looseObject({ containers: named, initContainers: named }) });

/**
 * Whether a checkpoint is one of this container's pod: a state only goes into a container of its own name and image, and a
 * container that the checkpoint knows nothing of would not be started at all. RequestError 409 when it is not.
 */
export function requireFit({ container, image }: Bundle, manifest: CheckpointManifest, path: string): void {
  const { containers, images, template } = manifest;
  const saved = images[container];
  if (saved !== undefined && saved !== image)
    throw new RequestError(
      409,
      `container ${container} of the checkpoint at '${path}' was of image ${saved}, this pod’s is ${image}`,
    );
  const spec = remembered.safeParse(template).data?.spec;
  const known = [
    ...containers,
    ...(spec?.containers ?? []).map(nameOf),
    ...(spec?.initContainers ?? []).map(nameOf),
  ];
  if (!known.includes(container))
    throw new RequestError(
      409,
      `the checkpoint at '${path}' holds ${containers.join(', ')}, and no container ${container}`,
    );
}

const nameOf = ({ name }: { name: string }): string => name;
