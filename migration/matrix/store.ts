import { onMaster, type Scene } from './matrix-lab.ts';

/** How much the bounded store takes beyond what stands on it, in MiB: more than the state of the redis that is moved. */
const ROOM_MIB = 192;

/** The exported folder and the unit that serves it, on the lab's master. */
const FIND = `set -eu
root=$(sed -n 's/.*"storeRoot": *"\\([^"]*\\)".*/\\1/p' /etc/podferry/agent.json)
[ -n "$root" ]
unit=podferry-store.service
`;

/**
 * Puts a small file system in memory in the place of the store, with the same content, until `giveStoreBack`: the store itself
 * shares a disk with everything else, which is not ours to fill.
 */
export async function boundStore(scene: Scene): Promise<void> {
  await onMaster(
    scene,
    `${FIND}
stage=$(mktemp -d)
mount -t tmpfs -o "mode=700,size=$(($(du -sm "$root" | cut -f 1) + ${ROOM_MIB}))m" podferry-bounded-store "$stage"
cp -a "$root/." "$stage/"
systemctl stop "$unit"
mount --bind "$stage" "$root"
umount "$stage"
rmdir "$stage"
systemctl start "$unit"
`,
  );
}

/** Leaves no byte on the bounded store; refuses to touch any other. */
export async function fillStore(scene: Scene): Promise<void> {
  await onMaster(
    scene,
    `${FIND}
[ "$(findmnt -no SOURCE "$root")" = podferry-bounded-store ]
dd if=/dev/zero of="$root/.podferry-filler" bs=64k 2>/dev/null || true
[ "$(df --output=avail "$root" | tail -n 1)" -eq 0 ]
`,
  );
}

/** The store is what it was before `boundStore`; content to find it so. */
export async function giveStoreBack(scene: Scene): Promise<void> {
  await onMaster(
    scene,
    `${FIND}
rm -f "$root/.podferry-filler"
[ "$(findmnt -no SOURCE "$root")" = podferry-bounded-store ] || exit 0
systemctl stop "$unit"
umount "$root"
systemctl start "$unit"
`,
  );
}

/** Changes one byte of the state that stands on the store for the move under way. */
export async function damageStoredState(scene: Scene): Promise<void> {
  await onMaster(
    scene,
    `${FIND}
archive=$(find "$root" -name state.tar -size +0 | head -n 1)
[ -n "$archive" ]
printf X | dd of="$archive" bs=1 seek=$(($(stat -c %s "$archive") / 2)) conv=notrunc 2>/dev/null
`,
  );
}
