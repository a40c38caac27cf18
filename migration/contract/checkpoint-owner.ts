/**
 * A checkpoint holds a pod's memory, and belongs to that pod's namespace: nobody else starts pods from it or puts theirs in its
 * place. Agents and the operator both see to it.
 *
 * @param owner namespace of the pod that was saved
 * @param namespace of whoever is at it now
 * @param path directory of the checkpoint, with or without its leading slash
 * @returns what is wrong; undefined when nothing is
 */
export function belongsElsewhere(owner: string, namespace: string, path: string): string | undefined {
  if (owner === namespace) return undefined;
  const where = `/${path.replace(/^\/+/, '')}`;
  return `the checkpoint at '${where}' belongs to namespace ${owner}, not to ${namespace}`;
}
