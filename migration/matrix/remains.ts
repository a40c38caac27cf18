import { type MatrixLab, ON_NODE_SECONDS } from './matrix-lab.ts';

/** One line for each thing that a move must not leave on a node; see the words it prints. */
const onNode = `set -u
for state in $(find /sys/fs/cgroup/freezer -path '*kubepods*' -name freezer.state 2>/dev/null); do
  [ "$(cat "$state" 2>/dev/null)" != FROZEN ] || echo "frozen: \${state%/freezer.state}"
done
for events in $(find /sys/fs/cgroup -path '*kubepods*' -name cgroup.events 2>/dev/null); do
  ! grep -qx 'frozen 1' "$events" 2>/dev/null || echo "frozen: \${events%/cgroup.events}"
done
for pid in $(find /sys/fs/cgroup -path '*kubepods*' -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u); do
  ! grep -q '^State:.T' "/proc/$pid/status" 2>/dev/null || echo "stopped: $pid $(tr '\\0' ' ' <"/proc/$pid/cmdline")"
done
for staging in /run/podferry/images/*; do
  [ ! -e "$staging" ] || echo "state in memory: $staging"
done
for note in /run/podferry/restored/* /run/podferry/started/* /run/podferry/post-start/* /run/podferry/criu/*.conf; do
  id=$(basename "$note" .conf)
  [ ! -e "$note" ] || [ -e "/run/containerd/runc/k8s.io/$id" ] || echo "note about a container that is gone: $note"
done
grep -lE '"state": ?"(moving|committed|dumping|uploading|held|kept)"' /var/lib/podferry/agent/*/*.json 2>/dev/null | sed 's/^/unfinished: /'
grep -lE '"state": ?"(waiting|fetching|restoring|staged)"' /var/lib/podferry/agent/targets/*.json 2>/dev/null | sed 's/^/unfinished: /'
for family in 4 6; do
  ip -$family route show table 9801 2>/dev/null | grep 'dev pf-queue0' | sed 's/^/packets held: /'
done
pgrep -af '[r]unc .*(checkpoint|restore)|[c]riu (dump|restore|swrk)' | sed 's/^/process: /'
root=$(sed -n 's/.*"storeRoot": *"\\([^"]*\\)".*/\\1/p' /etc/podferry/agent.json)
[ -z "$root" ] || find "$root/.podferry" -mindepth 2 2>/dev/null | sed 's/^/on the store: /'
true
`;

/** What is left on the nodes of a move that is over; empty when nothing is. */
export async function remains(lab: MatrixLab): Promise<string[]> {
  const found = await Promise.all(
    lab.outputs.nodes.map(async ({ name }) => {
      const lines = (await lab.onNode(name, onNode, ON_NODE_SECONDS)).split('\n').filter(Boolean);
      return lines.map((line) => `${name}: ${line}`);
    }),
  );
  return found.flat();
}
