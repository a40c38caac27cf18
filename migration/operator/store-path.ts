/**
 * Paths on the store as users write them: a leading slash stands for the store's root, so that the absolute paths of
 * old manifests go on working.
 */

/** The path relative to the store's root, or an Error that says what is wrong with it. */
export function storePath(text: string): string {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) throw new Error(`snapshotPath "${text}" names no directory on the store`);
  if (parts.includes('..')) throw new Error(`snapshotPath "${text}" must not contain ".."`);
  return parts.join('/');
}

/** Where a pod's checkpoint goes: the contract cuts the pod's name at its first dash. */
export function checkpointDirectory(snapshotPath: string, podName: string): string {
  return `${storePath(snapshotPath)}/${podName.split('-')[0]}`;
}
