import { readlinkSync } from 'node:fs';
import { command } from '../command.ts';
import { StepError } from '../failure.ts';
import type { CgroupPath } from './container.ts';
import { tasksOf } from './freezer.ts';

const LIMIT_MS = 5_000;

/**
 * Closes the TCP sockets of a pod whose tasks are frozen for good: the kernel tells the other ends at once (RST), and refuses who comes
 * anew. Without, clients would wait until the tasks are killed (`ss --kill`, ss(8); kernels from 4.9 on, with INET_DIAG_DESTROY).
 * Throws StepError `close`.
 */
export async function closeConnections(cgroups: readonly CgroupPath[]): Promise<void> {
  const [pid] = cgroups.flatMap((cgroup) => tasksOf(cgroup.path));
  if (pid === undefined || isInHostNetwork(pid)) return;
  const args = ['--target', String(pid), '--net', 'ss', '--kill', '--tcp', '--all'];
  const { code, stderr } = await command('nsenter', args, { timeoutMs: LIMIT_MS });
  if (code !== 0) throw new StepError('close', `ss: ${stderr.trim() || `exit code ${code}`}`);
}

/** There the sockets are everybody's. */
function isInHostNetwork(pid: number): boolean {
  return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net');
}
