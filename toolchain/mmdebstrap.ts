import { run } from './run.ts';

/**
 * Runs mmdebstrap in name spaces of its own, so that its mounts and processes end with it however it ends; no time of day
 * gets inside.
 */
export async function runMmdebstrap(
  args: readonly string[],
  folder: string,
  timeoutSeconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const apart = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'mmdebstrap'];
  const env = { SOURCE_DATE_EPOCH: '1767225600', TMPDIR: folder };
  const ending = { signal, endWith: 'SIGKILL', diesWithUs: true } as const;
  await run('unshare', [...apart, ...args], { timeoutSeconds, env, ...ending });
}
