import { onMaster, type Scene } from './matrix-lab.ts';

const UNIT = 'podferry-store.service';

/** Nobody serves the store any more. */
export const stopStore = (scene: Scene): Promise<string> => onMaster(scene, `systemctl stop ${UNIT}`);

export const startStore = (scene: Scene): Promise<string> => onMaster(scene, `systemctl start ${UNIT}`);

const FULL = 'podferry-matrix-full-store.service';
const WRITES = 'pwrite64,pwritev,pwritev2';

/**
 * The disk under the store is full, as its server sees it until `emptyStore`: the kernel is made to refuse each of its writes
 * (`-e inject`, https://man7.org/linux/man-pages/man1/strace.1.html). The disk itself is not ours to fill.
 */
export const fillStore = (scene: Scene): Promise<string> =>
  onMaster(
    scene,
    `set -eu
server=$(pgrep -x ganesha.nfsd)
systemd-run --quiet --collect --unit=${FULL} strace -f -qq -o /dev/null \
  -e trace=${WRITES} -e inject=${WRITES}:error=ENOSPC -p "$server"
for try in $(seq 100); do
  grep -L '^TracerPid:.[1-9]' /proc/"$server"/task/*/status | grep -q . || exit 0
  sleep 0.1
done
echo "the store's server is not traced within 10 s" >&2
exit 1
`,
  );

export const emptyStore = (scene: Scene): Promise<string> =>
  onMaster(scene, `systemctl stop ${FULL} 2>/dev/null || true`);

/** Changes one byte of the state that stands on the store for the move under way. */
export async function damageStoredState(scene: Scene): Promise<void> {
  await onMaster(
    scene,
    `set -eu
root=$(sed -n 's/.*"storeRoot": *"\\([^"]*\\)".*/\\1/p' /etc/podferry/agent.json)
[ -n "$root" ]
archive=$(find "$root" -name state.tar -size +0 | head -n 1)
[ -n "$archive" ]
printf X | dd of="$archive" bs=1 seek=$(($(stat -c %s "$archive") / 2)) conv=notrunc 2>/dev/null
`,
  );
}
