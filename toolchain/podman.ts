import { run } from './run.ts';

/**
 * Runs podman for the toolchain. `cgroupfs` and runc: podman's other runtime refuses machines that have both control
 * group versions, and no user session with systemd is assumed.
 */
export function podman(
  args: readonly string[],
  options: { timeoutSeconds?: number; signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const all = ['--cgroup-manager=cgroupfs', '--runtime', 'runc', ...args];
  return run('podman', all, { timeoutSeconds: options.timeoutSeconds ?? 120, signal: options.signal });
}

/** Whether podman has an image of that name. */
export async function imageExists(reference: string): Promise<boolean> {
  const names = await podman([
    'image',
    'ls',
    '--format',
    '{{.Repository}}:{{.Tag}}',
    '--filter',
    `reference=${reference}`,
  ]);
  return names.split('\n').includes(reference);
}
