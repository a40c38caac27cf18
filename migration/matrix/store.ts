import { onMaster, type Scene } from './matrix-lab.ts';

const UNIT = 'podferry-store.service';

/** Nobody serves the store any more. */
export const stopStore = (scene: Scene): Promise<string> => onMaster(scene, `systemctl stop ${UNIT}`);

export const startStore = (scene: Scene): Promise<string> => onMaster(scene, `systemctl start ${UNIT}`);

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
