import type { Podmigration } from '../contract/podmigration.ts';

/** How results are shown. */

/** A time in ms as people read it: `612 ms`, `3.2 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A size in bytes as people read it, in powers of 1024. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** The result for programs: the object's name and its status. */
export function resultObject({ metadata, spec, status }: Podmigration): object {
  return { name: metadata.name, namespace: metadata.namespace, action: spec.action, ...status };
}

/** The result of something that succeeded, for people. */
export function successText({ spec, status }: Podmigration): string {
  const what = {
    'live-migration': `${status.sourcePod} moved from ${status.sourceNode} to ${status.targetNode}; it is now ${status.targetPod}`,
    checkpoint: `${status.sourcePod} saved to ${status.checkpointPath}; it runs on`,
    restore: `restored from ${status.checkpointPath}: ${(status.restoredPods ?? []).join(', ') || 'no pod'}`,
  }[spec.action];
  const numbers = [
    status.freezeMs === undefined ? [] : `frozen ${duration(status.freezeMs)}`,
    status.totalMs === undefined ? [] : `total ${duration(status.totalMs)}`,
    status.bytes === undefined ? [] : size(status.bytes),
  ].flat();
  const phases = (status.phases ?? []).map(({ name, ms }) => `${name} ${duration(ms)}`);
  return [what, `  ${numbers.join(', ')}`, `  ${phases.join(' | ')}`]
    .filter((line) => line.trim() !== '')
    .join('\n');
}

/** Why something failed, for people, with CRIU's own words when it was CRIU. */
export function failureText({ status }: Podmigration): string {
  const { error } = status;
  if (!error)
    return status.conditions?.find((c) => c.type === 'Failed')?.message ?? 'failed, no reason given';
  const untouched = error.step === 'validate' ? 'refused' : `failed in step ${error.step}`;
  const log = error.criuLog.length === 0 ? [] : ['CRIU says:', ...error.criuLog.map((line) => `  ${line}`)];
  return [`${untouched}: ${error.message}`, ...log].join('\n');
}

/** One line for a state that was just reached. */
export function progressLine({ status }: Podmigration, elapsedMs: number): string {
  const message = status.conditions?.[0]?.message ?? '';
  return `${duration(elapsedMs).padStart(8)}  ${(status.state ?? 'Pending').padEnd(13)} ${message}`.trimEnd();
}
