import { z } from 'zod';
import { floorSpec } from './floor-spec.ts';
import type { BenchLab } from './lab.ts';

/** One bare checkpoint and restore. Times in ms, by the clock of the node that did it. */
const floorSample = z.strictObject({ checkpointMs: z.number(), restoreMs: z.number(), bytes: z.int() });
export type FloorSample = z.infer<typeof floorSample>;

/** What the state's way out of and into processes costs by itself. */
export const floorMs = ({ checkpointMs, restoreMs }: FloorSample): number => checkpointMs + restoreMs;

const ROOT = '/run/podferry-bench';

/** A container that is to be run by runc alone. */
export interface FloorProcess {
  name: string;
  /** Key of its image in the stack's outputs. */
  app: string;
  /** Where it listens once it may be measured. */
  port: number;
  /** Run inside the container once it listens: gives it its state. */
  fill?: readonly string[];
}

/** Where the floor of one workload lives on a node, and what its container is called. */
interface Place {
  dir: string;
  name: string;
}

const placeOf = ({ name }: FloorProcess): Place => ({
  dir: `${ROOT}/${name}`,
  name: `podferry-bench-${name.toLowerCase()}`,
});

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
  workload: FloorProcess,
  config: unknown,
): Promise<void> {
  const { dir, name } = placeOf(workload);
  const image = lab.outputs.apps.image[workload.app] ?? '';
  const places = { rootfs: `${dir}/rootfs`, network: `/run/netns/${name}`, cgroup: `/${name}` };
  const script = `set -eu
mkdir -p ${dir}/rootfs ${dir}/bundle
ctr -n k8s.io images mount --rw ${image} ${dir}/rootfs >/dev/null
ip netns add ${name}
ip -n ${name} link set lo up
cat >${dir}/bundle/config.json <<'CONFIG'
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
  workload: FloorProcess,
  kind: FloorKind,
): Promise<FloorSample> {
  const script = floorScript(workload, kind);
  const [checkpoint, restore, bytes] = (await lab.onNode(node, script, SAMPLE_SECONDS))
    .split(' ')
    .map(Number);
  return floorSample.parse({
    checkpointMs: (checkpoint ?? Number.NaN) / 1000,
    restoreMs: (restore ?? Number.NaN) / 1000,
    bytes,
  });
}

function floorScript(workload: FloorProcess, kind: FloorKind): string {
  const { dir, name } = placeOf(workload);
  const [before, leave, after] =
    kind === 'bare'
      ? ['', '', '']
      : [`$runc pause ${name}`, '--leave-running', `$runc delete --force ${name}`];
  const listening = `:${workload.port.toString(16).toUpperCase().padStart(4, '0')} 0+:0000 0A`;
  const fill =
    workload.fill === undefined ? '' : `$runc exec ${name} ${quoteAll(workload.fill)} </dev/null >/dev/null`;
  return `set -eu
exec 9>${ROOT}.lock
flock -w 5 9
runc="runc --root ${dir}/runc"
images="--image-path ${dir}/image --work-path ${dir}/work"
flags="--tcp-established --ext-unix-sk --file-locks"
trap '$runc delete --force ${name} >/dev/null 2>&1; rm -rf ${dir}/image ${dir}/work' EXIT
mkdir -p ${dir}/image ${dir}/work
$runc run --detach --bundle ${dir}/bundle --pid-file ${dir}/pid ${name} </dev/null >/dev/null 2>&1 9>&-
for try in {1..300}; do
  if grep -qE '${listening}' /proc/$(cat ${dir}/pid)/net/tcp /proc/$(cat ${dir}/pid)/net/tcp6; then break; fi
  [ $try -lt 300 ] || { echo 'the process did not listen within 30 s' >&2; exit 1; }
  sleep 0.1
done
${fill}
sleep 0.3
${before}
t0=$EPOCHREALTIME
$runc checkpoint ${leave} $flags $images ${name} </dev/null >/dev/null 2>${dir}/words 9>&- || { cat ${dir}/words >&2; exit 1; }
t1=$EPOCHREALTIME
${after}
t2=$EPOCHREALTIME
$runc restore --detach $flags $images --bundle ${dir}/bundle --pid-file ${dir}/pid ${name} \\
  </dev/null >/dev/null 2>${dir}/words 9>&- || { cat ${dir}/words >&2; exit 1; }
t3=$EPOCHREALTIME
kill -0 $(cat ${dir}/pid)
bytes=$(du -sb ${dir}/image | cut -f 1)
# Both hold six decimals: without the point they are microseconds.
printf '%s %s %s' $((\${t1/./} - \${t0/./})) $((\${t3/./} - \${t2/./})) $bytes
`;
}

const quoteAll = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

/** Removes every floor that is there, whoever left it; waits for a sample that still runs because its connection was cut. */
export async function removeFloors(lab: BenchLab, node: string): Promise<void> {
  const script = `set -u
exec 9>${ROOT}.lock
flock -w ${SAMPLE_SECONDS} 9
for dir in ${ROOT}/*/; do
  [ -d "$dir" ] || continue
  name=$(basename "$dir")
  name=podferry-bench-\${name,,}
  runc --root "$dir/runc" delete --force "$name" >/dev/null 2>&1
  ! mountpoint -q "$dir/rootfs" || ctr -n k8s.io images unmount --rm "\${dir%/}/rootfs" >/dev/null
  ! [ -e "/run/netns/$name" ] || ip netns delete "$name"
done
rm -rf ${ROOT} ${ROOT}.lock
! grep -q ' ${ROOT}/' /proc/self/mounts
`;
  await lab.onNode(node, script, REMOVE_SECONDS);
}
