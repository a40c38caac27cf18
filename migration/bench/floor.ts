import { z } from 'zod';
import { floorSpec } from './floor-spec.ts';
import type { BenchLab } from './lab.ts';

/** One bare checkpoint and restore. Times in ms, by the clock of the node that did it. */
const floorSample = z.strictObject({ checkpointMs: z.number(), restoreMs: z.number(), bytes: z.int() });
export type FloorSample = z.infer<typeof floorSample>;

/** What the state's way out of and into processes costs by itself. */
export const floorMs = ({ checkpointMs, restoreMs }: FloorSample): number => checkpointMs + restoreMs;

const DIR = '/run/podferry-bench';
const NAME = 'podferry-bench';
const PREPARE_SECONDS = 60;
const SAMPLE_SECONDS = 60;
/** Longer than a sample, for whose end it waits. */
const REMOVE_SECONDS = 90;

/** Where containerd keeps the bundle of a running container. */
const BUNDLES = '/run/containerd/io.containerd.runtime.v2.task/k8s.io';

/** The configuration with which a pod's container runs on a node. */
export async function containerConfig(lab: BenchLab, node: string, pod: string): Promise<unknown> {
  const script = `set -eu
for config in ${BUNDLES}/*/config.json; do
  if grep -q '"io.kubernetes.cri.sandbox-name":"${pod}"' "$config" &&
    grep -q '"io.kubernetes.cri.container-type":"container"' "$config"; then
    cat "$config"
    exit
  fi
done
echo "pod ${pod} has no container here" >&2
exit 1
`;
  return JSON.parse(await lab.onNode(node, script, PREPARE_SECONDS));
}

/** Makes ready to run the same container without Kubernetes: its image, an empty network, runc's configuration. All in memory. */
export async function prepareFloor(
  lab: BenchLab,
  node: string,
  config: unknown,
  image: string,
): Promise<void> {
  const places = { rootfs: `${DIR}/rootfs`, network: `/run/netns/${NAME}`, cgroup: `/${NAME}` };
  const script = `set -eu
mkdir -p ${DIR}/rootfs ${DIR}/bundle
ctr -n k8s.io images mount --rw ${image} ${DIR}/rootfs >/dev/null
ip netns add ${NAME}
ip -n ${NAME} link set lo up
cat >${DIR}/bundle/config.json <<'CONFIG'
${JSON.stringify(floorSpec(config, places))}
CONFIG
`;
  await lab.onNode(node, script, PREPARE_SECONDS);
}

/**
 * `bare`: `runc checkpoint` of a running container, which ends it. On cgroup v1 CRIU then looks for the end of the freezing
 * every 100 ms only (https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/seize.c, freeze_processes), so that this is no lower bound there.
 * `frozen`: of a container that was frozen before and stays so, as in a move; without the freezing itself.
 */
export type FloorKind = 'bare' | 'frozen';

/**
 * Starts the container, waits until it listens, and takes the times of `runc checkpoint` and `runc restore` with the
 * flags of the agent and images in memory. EPOCHREALTIME costs no process between the two.
 */
export async function measureFloor(
  lab: BenchLab,
  node: string,
  port: number,
  kind: FloorKind,
): Promise<FloorSample> {
  const [before, leave, after] =
    kind === 'bare'
      ? ['', '', '']
      : [`$runc pause ${NAME}`, '--leave-running', `$runc delete --force ${NAME}`];
  const listening = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  const script = `set -eu
exec 9>${DIR}.lock
flock -w 5 9
runc="runc --root ${DIR}/runc"
images="--image-path ${DIR}/image --work-path ${DIR}/work"
flags="--tcp-established --ext-unix-sk --file-locks"
trap '$runc delete --force ${NAME} >/dev/null 2>&1; rm -rf ${DIR}/image ${DIR}/work' EXIT
mkdir -p ${DIR}/image ${DIR}/work
$runc run --detach --bundle ${DIR}/bundle --pid-file ${DIR}/pid ${NAME} </dev/null >/dev/null 2>&1 9>&-
for try in {1..100}; do
  if grep -q '${listening}' /proc/$(cat ${DIR}/pid)/net/tcp; then break; fi
  [ $try -lt 100 ] || { echo 'the process did not listen within 10 s' >&2; exit 1; }
  sleep 0.1
done
sleep 0.3
${before}
t0=$EPOCHREALTIME
$runc checkpoint ${leave} $flags $images ${NAME} </dev/null >/dev/null 2>${DIR}/words 9>&- || { cat ${DIR}/words >&2; exit 1; }
t1=$EPOCHREALTIME
${after}
t2=$EPOCHREALTIME
$runc restore --detach $flags $images --bundle ${DIR}/bundle --pid-file ${DIR}/pid ${NAME} \\
  </dev/null >/dev/null 2>${DIR}/words 9>&- || { cat ${DIR}/words >&2; exit 1; }
t3=$EPOCHREALTIME
kill -0 $(cat ${DIR}/pid)
bytes=$(du -sb ${DIR}/image | cut -f 1)
# Both hold six decimals: without the point they are microseconds.
printf '%s %s %s' $((\${t1/./} - \${t0/./})) $((\${t3/./} - \${t2/./})) $bytes
`;
  const [checkpoint, restore, bytes] = (await lab.onNode(node, script, SAMPLE_SECONDS))
    .split(' ')
    .map(Number);
  return floorSample.parse({
    checkpointMs: (checkpoint ?? Number.NaN) / 1000,
    restoreMs: (restore ?? Number.NaN) / 1000,
    bytes,
  });
}

/** Removes all of it, whatever of it is there; waits for a sample that still runs because its connection was cut. */
export async function removeFloor(lab: BenchLab, node: string): Promise<void> {
  const script = `set -u
exec 9>${DIR}.lock
flock -w ${SAMPLE_SECONDS} 9
runc --root ${DIR}/runc delete --force ${NAME} >/dev/null 2>&1
! mountpoint -q ${DIR}/rootfs || ctr -n k8s.io images unmount --rm ${DIR}/rootfs >/dev/null
! [ -e /run/netns/${NAME} ] || ip netns delete ${NAME}
rm -rf ${DIR} ${DIR}.lock
! mountpoint -q ${DIR}/rootfs
`;
  await lab.onNode(node, script, REMOVE_SECONDS);
}
