import type { PodmigrationSpec } from '../contract/podmigration.ts';
import { addressOf, type MatrixLab, onEnd, onMaster, type Scene } from './matrix-lab.ts';
import { isBeforeCommit, type Point, points, stateHasArrived } from './points.ts';

/** What may come of the pod: it goes on where it was, it goes on where it was to go, or one of the two. */
export type Outcome = 'stayed' | 'moved' | 'either';

export interface Fault {
  name: string;
  /** What the move is asked to be, beside pod and destination. */
  spec?: Partial<PodmigrationSpec>;
  /** Why it cannot be tried at this point, or on this lab; undefined when it can. */
  impossible?(point: Point, lab: MatrixLab): string | undefined;
  /** What has to be so before the move is asked for; resolves with what makes it good again. */
  arrange?(scene: Scene): Promise<Undo>;
  /** What happens while the move is held at the point; resolves with what makes it good again. */
  strike?(scene: Scene): Promise<Undo | undefined>;
  /** How long it lasts once the move goes on, in ms. */
  lastsMs?: number;
  /** The agent that waits at the point throws there, as if the step itself had failed. */
  step?: 'fails';
  outcome(point: Point): Outcome;
}

export type Undo = () => Promise<unknown>;

/** Up to the commit a blow may leave the pod on either side, after it only on the target. */
const byCommit = (point: Point): Outcome => (isBeforeCommit(point) ? 'either' : 'moved');

/** What ends a move for certain before the commit, and has no say after it. */
const stays = (point: Point): Outcome => (isBeforeCommit(point) ? 'stayed' : 'moved');

const only =
  (reason: string, ...where: Point[]) =>
  (point: Point): string | undefined =>
    where.includes(point) ? undefined : reason;

const KILL_AGENT = 'systemctl kill --kill-whom=main --signal=KILL podferry-agent.service';
const restart = (unit: string): string => `systemctl restart --no-block ${unit}`;

/** The first process whose whole command line matches; the brackets keep the search from finding itself. */
const signal = (name: string, pattern: string): string => `pkill -${name} -f '${pattern}'`;

export const faults: readonly Fault[] = [
  killed('source'),
  killed('target'),
  {
    name: 'operator killed',
    strike: async (scene) => {
      await onMaster(scene, signal('KILL', '[o]perator.mjs'));
      return undefined;
    },
    outcome: byCommit,
  },
  restarted('kubelet', 'source'),
  restarted('kubelet', 'target'),
  restarted('containerd', 'source'),
  restarted('containerd', 'target'),
  {
    name: 'API server hangs for 30 s',
    strike: async (scene) => {
      await onMaster(scene, signal('STOP', '^[k]ube-apiserver'));
      return () => onMaster(scene, signal('CONT', '^[k]ube-apiserver'));
    },
    lastsMs: 30_000,
    outcome: byCommit,
  },
  {
    name: 'network between the nodes cut for 15 s',
    strike: cutNetwork,
    lastsMs: 15_000,
    outcome: byCommit,
  },
  {
    name: 'target host switched off',
    impossible: (point, lab) =>
      noPower(lab) ??
      (isBeforeCommit(point) ? undefined : 'after the commit the pod dies with its host, like any pod'),
    strike: (scene) => switchOff(scene, scene.target),
    lastsMs: 10_000,
    outcome: () => 'stayed',
  },
  {
    name: 'source host switched off',
    impossible: (point, lab) =>
      noPower(lab) ??
      (stateHasArrived(point) ? undefined : 'the only copy of the state dies with its host, like any pod'),
    strike: (scene) => switchOff(scene, scene.source),
    lastsMs: 10_000,
    outcome: () => 'moved',
  },
  {
    name: 'store full',
    impossible: () => "the lab's store shares this machine's disk, which is not ours to fill",
    outcome: byCommit,
  },
  {
    name: 'store hangs for 15 s (transport store)',
    spec: { transport: 'store' },
    strike: async (scene) => {
      await onMaster(scene, signal('STOP', '[g]anesha.nfsd'));
      return () => onMaster(scene, signal('CONT', '[g]anesha.nfsd'));
    },
    lastsMs: 15_000,
    outcome: byCommit,
  },
  {
    name: 'image missing on the target',
    impossible: only('the image is in use from then on', 'before-freeze'),
    arrange: hideImage,
    outcome: () => 'stayed',
  },
  {
    name: 'dump fails',
    impossible: only('nothing is dumped then', 'during-dump'),
    step: 'fails',
    outcome: () => 'stayed',
  },
  {
    name: 'restore fails',
    impossible: only('nothing is restored then', 'during-restore'),
    step: 'fails',
    outcome: () => 'stayed',
  },
  {
    name: 'checksum wrong (transport store)',
    spec: { transport: 'store' },
    impossible: only('the state is not on the store then, or was read already', 'during-move'),
    strike: async (scene) => {
      await onMaster(scene, damageStoredState);
      return undefined;
    },
    outcome: () => 'stayed',
  },
  {
    name: 'deadline hit',
    spec: { freezeDeadlineSeconds: 3 },
    impossible: (point) => (point === 'before-freeze' ? 'the deadline begins with the freeze' : undefined),
    // Held for longer than the deadline.
    strike: async () => {
      await new Promise((resolve) => setTimeout(resolve, 5000));
      return undefined;
    },
    outcome: stays,
  },
  {
    name: 'Podmigration deleted',
    strike: async ({ lab, migration, namespace }) => {
      await lab.kubectl(['delete', 'podmigration', migration, '--namespace', namespace, '--wait=false'], 30);
      return undefined;
    },
    outcome: stays,
  },
];

/** One fault at one point. */
export interface Cell {
  fault: Fault;
  point: Point;
  /** `<fault>, <point>`. */
  title: string;
}

/** Every fault at every point. */
export const cells: readonly Cell[] = faults.flatMap((fault) =>
  points.map((point) => ({ fault, point, title: `${fault.name}, ${point}` })),
);

function killed(end: 'source' | 'target'): Fault {
  return {
    name: `${end} agent killed`,
    strike: async (scene) => {
      await onEnd(scene, end, KILL_AGENT);
      return undefined;
    },
    outcome: byCommit,
  };
}

function restarted(unit: 'kubelet' | 'containerd', end: 'source' | 'target'): Fault {
  return {
    name: `${unit} restarted on the ${end}`,
    strike: async (scene) => {
      await onEnd(scene, end, restart(unit));
      return undefined;
    },
    outcome: byCommit,
  };
}

/** Both nodes lose the way to each other; the master reaches both. */
async function cutNetwork(scene: Scene): Promise<Undo> {
  const route = (action: 'add' | 'del', to: string): string =>
    `ip route ${action} blackhole ${addressOf(scene, to)}/32`;
  const both = async (action: 'add' | 'del'): Promise<void> => {
    await Promise.all([
      onEnd(scene, 'source', route(action, scene.target)),
      onEnd(scene, 'target', route(action, scene.source)),
    ]);
  };
  await both('add');
  return () => both('del');
}

const noPower = (lab: MatrixLab): string | undefined =>
  lab.power ? undefined : 'hosts of your own are not switched off';

async function switchOff({ lab }: Scene, node: string): Promise<Undo> {
  await lab.power?.off(node);
  return async () => lab.power?.on(node);
}

/** The image is still there, under a name that nobody asks for. */
async function hideImage(scene: Scene): Promise<Undo> {
  const image = scene.lab.outputs.apps.image.redis ?? '';
  const rename = (from: string, to: string): Promise<string> =>
    onEnd(
      scene,
      'target',
      `ctr -n k8s.io images tag ${from} ${to} >/dev/null && ctr -n k8s.io images rm ${from} >/dev/null`,
    );
  const hidden = 'podferry.invalid/hidden:matrix';
  await rename(image, hidden);
  return () => rename(hidden, image);
}

const damageStoredState = `set -eu
root=$(sed -n 's/.*"storeRoot": *"\\([^"]*\\)".*/\\1/p' /etc/podferry/agent.json)
archive=$(find "$root" -name state.tar -size +0 | head -n 1)
[ -n "$archive" ]
printf X | dd of="$archive" bs=1 seek=$(($(stat -c %s "$archive") / 2)) conv=notrunc 2>/dev/null`;
