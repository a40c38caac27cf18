import type { BenchLab } from './lab.ts';

const SECONDS = 120;

/**
 * Has the machine of a node hold memory ready: takes so many MiB, at most half of what is available, and gives them back.
 * On a virtual machine free memory may be the hypervisor's ("free page reporting",
 * https://docs.kernel.org/mm/free_page_reporting.html); to touch a GiB of it took five times as long as to touch one that was
 * used just before. A move needs more of it at once than the floor does, so it would be charged for what is the machine's.
 */
export async function readyMemory(lab: BenchLab, node: string, mebibytes: number): Promise<void> {
  await lab.onNode(
    node,
    `half=$(awk '$1 == "MemAvailable:" { print int($2 / 2048) }' /proc/meminfo)
wanted=${mebibytes}
dd if=/dev/zero of=/dev/null bs=$((wanted < half ? wanted : half))M count=1 iflag=fullblock status=none
`,
    SECONDS,
  );
}
