import { z } from 'zod';
import { STORE_EXPORT, STORE_MOUNT } from '../paths.ts';
import { masterOf, type Phase, type PhaseContext } from '../phase.ts';
import { literal } from '../shell/here.ts';
import { storeAccess, storeFolder } from '../shell/store.ts';
import { storeMountUnit } from '../templates/kernel-nfs.ts';

/** What the phase prints: how the agent of this node reaches the store; the `store` of its agent.json. */
export const storeClientOutput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('mount'), path: z.string(), server: z.string() }),
  z.strictObject({ kind: z.literal('libnfs'), server: z.string(), export: z.string(), keeper: z.string() }),
]);

/** The same JSON, kept for the phase that configures the agent. */
export const STORE_FILE = '/etc/podferry/store.json';

/** The file that a node leaves in the store for the others to find. */
export const probeName = (node: string): string => `.podferry-probe-${node}`;

/** systemd names a mount's unit after its path. */
const MOUNT_UNIT = `${STORE_MOUNT.slice(1).replaceAll('/', '-')}.mount`;

/**
 * A node's way to the store: a mount where the kernel has NFS, libnfs otherwise. Leaves a file there and reads it
 * back; the phase `store-check` has the others read it.
 */
export const storeClient: Phase = {
  name: 'store-client',
  title: 'access to the store',
  timeoutSeconds: 120,
  on: 'all',
  apply: (c) => `
${storeAccess(c.host.role, masterOf(c.lab).address)}
kind=$(store_kind)
if [ "$kind" = mount ]; then
${c.host.role === 'master' ? '  :' : mountStore(c)}
  put ${STORE_FILE} 644 ${literal(mountSettings(c))}
else
  put ${STORE_FILE} 644 ${literal(libnfsSettings(c))}
fi
# the store may have been emptied since; nfs-cp cannot write a file that is there already
echo '${c.host.name} of ${c.lab.name}' >/run/podferry/probe
probe_is_there() { store_get ${probeName(c.host.name)} /run/podferry/probe-back 2>/dev/null && cmp -s /run/podferry/probe /run/podferry/probe-back; }
probe_is_there || store_put /run/podferry/probe ${probeName(c.host.name)} || fail 'cannot write to the store at ${masterOf(c.lab).address}'
`,
  verify: (c) => `
store_get ${probeName(c.host.name)} /run/podferry/probe-back || fail 'cannot read from the store at ${masterOf(c.lab).address}'
cmp -s /run/podferry/probe /run/podferry/probe-back || fail 'the store gives back something else than what was written'
rm -f /run/podferry/probe /run/podferry/probe-back
cat ${STORE_FILE}
`,
  remove: () => `
if systemctl cat ${MOUNT_UNIT} >/dev/null 2>&1; then
  # the server may be gone already: a mount that hangs is detached
  timeout 20 systemctl disable --quiet --now ${MOUNT_UNIT} || umount -f -l ${STORE_MOUNT} || true
fi
rm -f /etc/systemd/system/${MOUNT_UNIT} ${STORE_FILE} /run/podferry/probe /run/podferry/probe-back
systemctl daemon-reload
rmdir ${STORE_MOUNT} 2>/dev/null || true
`,
};

function mountStore(c: PhaseContext): string {
  return `  mkdir -p ${STORE_MOUNT}
  put /etc/systemd/system/${MOUNT_UNIT} 644 ${literal(storeMountUnit(masterOf(c.lab).address))}
  [ $changed = no ] || systemctl daemon-reload
  systemctl enable --quiet ${MOUNT_UNIT}
  systemctl is-active --quiet ${MOUNT_UNIT} || systemctl start ${MOUNT_UNIT}`;
}

function mountSettings(c: PhaseContext): string {
  return JSON.stringify({
    kind: 'mount',
    path: storeFolder(c.host.role),
    server: masterOf(c.lab).address,
  });
}

function libnfsSettings(c: PhaseContext): string {
  const server = masterOf(c.lab).address;
  return JSON.stringify({ kind: 'libnfs', server, export: STORE_EXPORT, keeper: `https://${server}:9460` });
}
