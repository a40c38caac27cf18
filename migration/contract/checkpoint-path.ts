/**
 * Where an earlier checkpoint stands after a newer one took its place: beside it, under the time it was taken. Agents and
 * the operator both work it out.
 *
 * @param path directory of the newest checkpoint
 * @param createdAt of the earlier one, as its manifest says it (ISO 8601)
 * @returns for example `snapshots/redis.20260131T175900123Z`
 */
export function setAsidePath(path: string, createdAt: string): string {
  return `${path}.${createdAt.replace(/[-:.]/g, '')}`;
}
