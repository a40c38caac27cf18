import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ARTEFACT_DIR } from '../paths.ts';
import { quote, quoteAll } from '../shell/quote.ts';
import { fitOpenFiles } from './machine.ts';
import { joinNetwork, networkName } from './network.ts';
import { type LocalScripts, podmanPrelude, STACK_LABEL } from './podman.ts';

/** A host that podman runs: a container in which systemd and sshd are at home. */
export interface PodmanHost {
  readonly stack: string;
  readonly name: string;
  readonly role: 'master' | 'worker';
  readonly address: string;
  /** The stack's private network, which the address lies in. */
  readonly subnet: string;
  /** The same of IPv6, in a dual-stack lab. */
  readonly ipv6?: { readonly address: string; readonly subnet: string };
  /** Image reference, as `ensureHostImage()` answers it. */
  readonly image: string;
  /** The cache's folder of artefacts on this machine, shared read-only; without one the host has its own. */
  readonly artefactFolder?: string;
  /** The public key that may log in as root. */
  readonly publicKey: string;
}

/** What a host's create script prints: its ed25519 host key as `ssh-ed25519 AAAA…`, to be pinned. */
export const podmanHostOutput = z.strictObject({ hostKey: z.string(), address: z.string() });

/** How long a host may take from its start to its sshd answering, in seconds. */
const BOOT_SECONDS = 60;

/** The container's name. */
const containerName = (stack: string, host: string): string => `${stack}-${host}`;

/** A host keeps its link address when it is restarted, so that its neighbours need not find it anew; 0a is locally administered. */
function macAddress(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['0a', '58', ...bytes].join(':');
}

/** Folders that want a real file system: overlayfs on overlayfs fails, and NFS cannot export overlayfs. */
function volumesOf(host: PodmanHost): [volume: string, path: string][] {
  const paths = { containerd: '/var/lib/containerd', kubelet: '/var/lib/kubelet' };
  const master = { etcd: '/var/lib/etcd', srv: '/srv/podferry' };
  const all = host.role === 'master' ? { ...paths, ...master } : paths;
  return Object.entries(all).map(([suffix, path]) => [
    `${containerName(host.stack, host.name)}-${suffix}`,
    path,
  ]);
}

/** A podman host: `create` answers once its sshd does, with the host key that was made for it. */
export function podmanHost(host: PodmanHost): LocalScripts {
  return { create: createScript(host), update: updateScript(host), delete: deleteScript(host) };
}

/** Shell texts that take the power from a podman host and give it back; nothing of the host is told beforehand. */
export function podmanPower(host: { stack: string; name: string; subnets: readonly string[] }): {
  off: string;
  on: string;
} {
  const container = quote(containerName(host.stack, host.name));
  return {
    off: `${podmanPrelude}kill_host ${container}\n`,
    on: `${podmanPrelude}podman start ${container} >/dev/null\n${joinNetwork(host.stack, host.subnets)}\n${fitOpenFiles}`,
  };
}

/**
 * A host with a cluster on it is not replaced behind the cluster's back: it stays what it is, and who wants it
 * otherwise takes the lab down first. One that is gone is made again.
 */
function updateScript(host: PodmanHost): string {
  const container = quote(`^${containerName(host.stack, host.name)}$`);
  const refusal =
    `the running host ${host.name} was made from another description (image, address or volumes): ` +
    'take the lab down and up again to change it';
  return createScript(
    host,
    `[ -n "$have" ] || [ -z "$(podman ps -q --filter name=${container})" ] || fail ${quote(refusal)}`,
  );
}

/** `guard` runs once it is known whether the host exists as described, before anything is changed. */
function createScript(host: PodmanHost, guard = ''): string {
  const container = containerName(host.stack, host.name);
  const volumes = volumesOf(host);
  const artefacts =
    host.artefactFolder === undefined ? '' : `-v ${quote(`${host.artefactFolder}:${ARTEFACT_DIR}:ro`)}`;
  const ipv6 = host.ipv6 === undefined ? '' : ` --ip6 ${host.ipv6.address}`;
  const subnets = [host.subnet, ...(host.ipv6 === undefined ? [] : [host.ipv6.subnet])];
  const find = `
${limits}
${cgroupArguments}
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
${existing(container)}
`;
  const make = `if [ -z "$have" ]; then
${deleteText(host)}
  for volume in ${quoteAll(volumes.map(([volume]) => volume))}; do
    podman volume create --label ${STACK_LABEL}=${quote(host.stack)} "$volume" >/dev/null
  done
  # shellcheck disable=SC2086 # $init is several words
  podman create --name ${quote(container)} --hostname ${quote(host.name)} \\
    --label ${STACK_LABEL}=${quote(host.stack)} --label podferry.spec="$spec" \\
    --privileged --systemd=false --stop-signal=SIGRTMIN+3 --cgroupns=private --pids-limit=-1 \\
    --ulimit nofile="$open_files:$open_files" --ulimit nproc="$processes:$processes" --shm-size=256m \\
    --network ${quote(networkName(host.stack))} --ip ${host.address}${ipv6} --mac-address ${macAddress(host.address)} --no-hosts \\
    --tmpfs /run:rw,mode=755,exec --tmpfs /tmp:rw,exec --tmpfs /run/lock:rw \\
    ${volumes.map(([volume, path]) => `-v ${quote(`${volume}:${path}`)}`).join(' ')} \\
    ${artefacts} -e container=podman $environment \\
    ${quote(host.image)} /sbin/init $init >/dev/null
${identity(host)}
  # not from a pipe: podman 4.3 leaves what it reads from one in a file of its own, and here that is a private key
  podman cp "$files/." ${quote(`${container}:/`)}
fi
podman start ${quote(container)} >/dev/null
${joinNetwork(host.stack, subnets)}
${awaitSsh(host)}
${fitOpenFiles}
printf '{"hostKey":"%s","address":"%s"}\\n' "$key" ${host.address}
`;
  const spec = createHash('sha256')
    .update(JSON.stringify(host))
    .update(find + make)
    .digest('hex');
  return `${podmanPrelude}spec=${spec}\n${find}${guard}\n${make}`;
}

function deleteScript(host: PodmanHost): string {
  return `${podmanPrelude}${deleteText(host)}`;
}

function deleteText(host: PodmanHost): string {
  return `kill_host ${quote(containerName(host.stack, host.name))}
podman rm -f -i -v -t 0 ${quote(containerName(host.stack, host.name))} >/dev/null
for volume in ${quoteAll(volumesOf(host).map(([volume]) => volume))}; do
  ! podman volume exists "$volume" || podman volume rm -f "$volume" >/dev/null
done
`;
}

/** The limits that this machine can give: those of the shell, as a container cannot have more without the capability. */
const limits = `
open_files=$(awk '/^Max open files/ { print $5 }' /proc/self/limits)
if [ "$open_files" = unlimited ] || [ "$open_files" -gt 1048576 ]; then open_files=1048576; fi
processes=$(awk '/^Max processes/ { print $4 }' /proc/self/limits)
# podman lowers its own limit to the number of process ids
process_ids=$(cat /proc/sys/kernel/pid_max)
if [ "$processes" = unlimited ] || [ "$processes" -gt "$process_ids" ]; then processes=$process_ids; fi
`;

/** systemd uses cgroup v1 only when it is told so, in two voices: its kernel command line and its environment. */
const cgroupArguments = `
init='' environment=''
if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
  init='systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1'
  environment='-e SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1'
fi
`;

/** A container made from the same description goes on being used; any other is replaced. */
function existing(container: string): string {
  return `have=$(podman ps -aq --filter name=${quote(`^${container}$`)} --filter "label=podferry.spec=$spec")
# made, but not furnished: the work of an interrupted run
[ -z "$have" ] || podman cp ${quote(`${container}:/etc/ssh/ssh_host_ed25519_key.pub`)} "$files/found.pub" 2>/dev/null || have=
[ -z "$have" ] || key=$(cut -d ' ' -f 1,2 "$files/found.pub")
`;
}

/** Files of the host alone: its own fresh host key, who may log in, its name. */
function identity(host: PodmanHost): string {
  return `  mkdir -p "$files/etc/ssh" "$files/root/.ssh"
  chmod 755 "$files" "$files/etc" "$files/etc/ssh"
  chmod 700 "$files/root" "$files/root/.ssh"
  ssh-keygen -q -t ed25519 -N '' -C ${quote(host.name)} -f "$files/etc/ssh/ssh_host_ed25519_key"
  key=$(cut -d ' ' -f 1,2 "$files/etc/ssh/ssh_host_ed25519_key.pub")
  echo ${quote(host.publicKey)} >"$files/root/.ssh/authorized_keys"
  chmod 600 "$files/root/.ssh/authorized_keys"
  printf '127.0.0.1 localhost\\n' >"$files/etc/hosts"
`;
}

function awaitSsh(host: PodmanHost): string {
  const { name, address } = host;
  return `start=$(date +%s)
until ssh-keyscan -T 2 -t ed25519 ${address} 2>/dev/null | grep -qF "$key"; do
  [ "$(podman inspect -f '{{.State.Running}}' ${quote(containerName(host.stack, name))})" = true ] ||
    { podman logs --tail 20 ${quote(containerName(host.stack, name))} >&2; fail '${name} stopped while it was starting'; }
  [ $(($(date +%s) - start)) -lt ${BOOT_SECONDS} ] || fail 'waited ${BOOT_SECONDS} s for sshd of ${name} at ${address}, port 22'
  sleep 0.1
done
`;
}
