import type { Podmigration } from '../contract/podmigration.ts';

/**
 * What had been done for good when somebody called a Podmigration off; undefined: nothing. One that is deleted after its commit is gone before
 * it says that it succeeded.
 */
export function lateness({ metadata, spec, status }: Podmigration): string | undefined {
  if (status.committedAt !== undefined)
    return `${metadata.name} had been committed; the pod is ${status.activePod}`;
  if (spec.action === 'checkpoint' && status.state === 'Succeeded')
    return `${metadata.name} had saved its pod to ${status.checkpointPath}`;
  return undefined;
}
