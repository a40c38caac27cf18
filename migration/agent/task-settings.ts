import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * What CRIU carries of no task, and a restored one would get from whoever restores it: the CPUs it may run on
 * (sched_setaffinity(2)) and what of it a core dump holds (core(5), coredump_filter). It lies beside CRIU's images, which do not mind.
 */
export const TASK_SETTINGS_FILE = 'podferry-tasks.json';

/** A list of CPUs as the kernel writes it, like `0,2-3` (cpuset(7), "List format"). */
const cpuList = z.string().regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/);

export const taskSettings = z.array(
  z.object({
    /** See `innerId`. */
    task: z.string().regex(/^\d+(\/\d+)*$/),
    cpus: cpuList.optional(),
    /** A mask in hexadecimal digits; of the first thread of a process only. */
    coreFilter: z
      .string()
      .regex(/^[0-9a-f]+$/)
      .optional(),
  }),
);
export type TaskSettings = z.infer<typeof taskSettings>;

/** The ids of a thread from its container's pid namespace inwards, which it has on every node: the text of its status. */
export function innerId(status: string): string | undefined {
  const ids = /^NSpid:\s+(.+)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  return ids.length > 1 ? ids.slice(1).join('/') : undefined;
}

/** The CPUs that a thread may run on: the text of its status. */
export const cpusOf = (status: string): string | undefined =>
  /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1];

/** A file of /proc; undefined when its task has ended. */
export function readOfTask(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
