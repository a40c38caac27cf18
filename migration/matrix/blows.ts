import { addressOf, type MatrixLab, onEnd, onMaster, type Scene } from './matrix-lab.ts';

/** What strikes nodes and programs. The halves that make good again find nothing to do where nothing was struck. */

export const killAgent = (scene: Scene, end: 'source' | 'target'): Promise<string> =>
  onEnd(scene, end, 'systemctl kill --kill-whom=main --signal=KILL podferry-agent.service');

export const restartUnit = (scene: Scene, end: 'source' | 'target', unit: string): Promise<string> =>
  onEnd(scene, end, `systemctl restart --no-block ${unit}`);

/** Patterns of whole command lines; the brackets keep the search from finding itself. */
const PROGRAMS = {
  operator: '[o]perator.mjs',
  apiServer: '^[k]ube-apiserver',
  store: '[g]anesha.nfsd',
} as const;

/** Sends a signal to a program that runs on the master. */
export const signal = (
  scene: Scene,
  name: 'KILL' | 'STOP' | 'CONT',
  program: keyof typeof PROGRAMS,
): Promise<string> => onMaster(scene, `pkill -${name} -f '${PROGRAMS[program]}'`);

/**
 * The program dies in the middle of whatever it does. Its pod goes too, so that another one takes over at once: a container that dies again
 * and again is started later and later by the kubelet.
 */
export async function killOperator(scene: Scene): Promise<void> {
  const { namespace, deployment } = scene.lab.outputs.operator;
  await signal(scene, 'KILL', 'operator');
  const pods = ['delete', 'pods', '--namespace', namespace, '-l', `app.kubernetes.io/name=${deployment}`];
  await scene.lab.kubectl([...pods, '--force', '--grace-period=0', '--wait=false'], 30);
}

/**
 * Deletes the Podmigration, and gives the operator time to hear of it: a move that is let go at once may be committed by then. It is gone
 * when the source runs again; after the commit it stays until the move goes on.
 */
export async function callOff({ lab, migration, namespace }: Scene): Promise<void> {
  const limits = ['--namespace', namespace, `--timeout=${HEARD_SECONDS}s`];
  await lab
    .kubectl(['delete', 'podmigration', migration, ...limits], HEARD_SECONDS + 20)
    .catch((error: unknown) => {
      if (!String(error).includes('timed out')) throw error;
    });
}

const HEARD_SECONDS = 10;

/** Both nodes lose the way to each other; the master reaches both. */
export function cutNetwork(scene: Scene): Promise<unknown> {
  return bothWays(scene, (to) => `ip route replace blackhole ${to}/32`);
}

export function joinNetwork(scene: Scene): Promise<unknown> {
  return bothWays(scene, (to) => `ip route del blackhole ${to}/32 2>/dev/null || true`);
}

function bothWays(scene: Scene, script: (address: string) => string): Promise<unknown> {
  return Promise.all([
    onEnd(scene, 'source', script(addressOf(scene, scene.target))),
    onEnd(scene, 'target', script(addressOf(scene, scene.source))),
  ]);
}

export const noPower = (lab: MatrixLab): string | undefined =>
  lab.power ? undefined : 'hosts of your own are not switched off';

/**
 * With the effect NoSchedule: NoExecute would also evict whatever else lives there.
 * https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-out-of-service
 */
const DEAD = 'node.kubernetes.io/out-of-service';
const TAKEN_BACK_SECONDS = 120;

/** The target's host dies and is declared dead, and a person wants the source back, whatever the target did. */
export async function loseTarget({ lab, target, namespace, migration }: Scene): Promise<void> {
  await lab.power?.off(target);
  await lab.kubectl(['taint', 'node', target, `${DEAD}=nodeshutdown:NoSchedule`, '--overwrite'], 30);
  const wish = ['annotate', 'podmigration', migration, 'podferry.dev/target-lost=resume-source'];
  await lab.kubectl([...wish, '--namespace', namespace], 30);
}

/** Not before the migration is over: the wish counts only while the node is dead. */
export async function reviveTarget({ lab, target, namespace, migration }: Scene): Promise<void> {
  const over = ['wait', '--for=jsonpath={.status.state}=Failed', `podmigration/${migration}`];
  const limits = [`--timeout=${TAKEN_BACK_SECONDS}s`, '--namespace', namespace];
  try {
    await lab.kubectl([...over, ...limits], TAKEN_BACK_SECONDS + 10);
  } finally {
    await lab.kubectl(['taint', 'node', target, `${DEAD}-`], 30).catch(() => undefined);
    await lab.power?.on(target);
  }
}

const HIDDEN = '/var/lib/podferry-hidden-image.tar';

const redisImage = ({ lab }: Scene): string => lab.outputs.apps.image.redis ?? '';

/** Takes the image from the target's node under all its names: pods of moves ask for it by its digest. */
export const hideImage = (scene: Scene): Promise<string> =>
  onEnd(
    scene,
    'target',
    `set -eu
digest=$(ctr -n k8s.io images ls name==${redisImage(scene)} | awk 'NR == 2 { print $3 }')
[ -n "$digest" ]
ctr -n k8s.io images export ${HIDDEN}.part ${redisImage(scene)}
mv ${HIDDEN}.part ${HIDDEN}
ctr -n k8s.io images ls | awk -v digest="$digest" '$3 == digest { print $1 }' | xargs ctr -n k8s.io images rm >/dev/null
`,
  );

export const showImage = (scene: Scene): Promise<string> =>
  onEnd(
    scene,
    'target',
    `set -eu
[ -e ${HIDDEN} ] || exit 0
ctr -n k8s.io images import ${HIDDEN} >/dev/null
ctr -n k8s.io images label ${redisImage(scene)} io.cri-containerd.pinned=pinned >/dev/null
rm ${HIDDEN}
`,
  );

/** Cuts CRIU's image of the process short, where it waits, checked and whole, to be restored. */
export const spoilImages = (scene: Scene): Promise<string> =>
  onEnd(
    scene,
    'target',
    `set -eu
images=$(find /run/podferry/images -name 'core-*.img')
[ -n "$images" ]
truncate -s 10 $images
`,
  );
