import { setTimeout as sleep } from 'node:timers/promises';
import type { PodmigrationSpec } from '../contract/podmigration.ts';
import { addressFaults } from './address-faults.ts';
import {
  callOff,
  cutNetwork,
  hideImage,
  joinNetwork,
  killAgent,
  killOperator,
  loseTarget,
  noPower,
  restartUnit,
  reviveTarget,
  showImage,
  signal,
  spoilImages,
} from './blows.ts';
import type { MatrixLab, Scene } from './matrix-lab.ts';
import {
  isBeforeCommit,
  isBeforeFreeze,
  type Point,
  points,
  stateHasArrived,
  stateIsStored,
} from './points.ts';
import { damageStoredState, emptyStore, fillStore, startStore, stopStore } from './store.ts';

/** What may come of the pod: it goes on where it was, it goes on where it was to go, or one of the two. */
export type Outcome = 'stayed' | 'moved' | 'either';

export interface Fault {
  name: string;
  /** What the move is asked to be, beside pod and destination. */
  spec?: Partial<PodmigrationSpec>;
  /** Why it cannot be tried at this point, or on this lab; undefined when it can. */
  impossible?(point: Point, lab: MatrixLab): string | undefined;
  /** What has to be so before the move is asked for. */
  arrange?(scene: Scene): Promise<unknown>;
  /** What happens while the move is held at the point. */
  strike?(scene: Scene): Promise<unknown>;
  /** How long it lasts once the move goes on, in ms. */
  lastsMs?: number;
  /** Makes good what `arrange` and `strike` did, or began to do. */
  mend?(scene: Scene): Promise<unknown>;
  /** What has to be found afterwards, beside all that must hold always; what was not. */
  proof?(scene: Scene): Promise<string[]>;
  /** The agent that waits at the point throws there, as if the step itself had failed. */
  step?: 'fails';
  /** What the status' words have to tell when the pod stayed. */
  words?: RegExp;
  outcome(point: Point): Outcome;
}

/** Up to the commit a blow may leave the pod on either side, after it only on the target. */
const byCommit = (point: Point): Outcome => (isBeforeCommit(point) ? 'either' : 'moved');

/** What ends a move for certain before the commit, and has no say after it. */
const stays = (point: Point): Outcome => (isBeforeCommit(point) ? 'stayed' : 'moved');

/** Why the store's server cannot be struck; undefined when it is a program on the master. */
const served = ({ outputs }: MatrixLab): string | undefined =>
  outputs.store.kind === 'libnfs' ? undefined : 'a store that is mounted has a server of its own';

const only =
  (reason: string, ...where: Point[]) =>
  (point: Point): string | undefined =>
    where.includes(point) ? undefined : reason;

const DEADLINE_SECONDS = 3;

export const faults: readonly Fault[] = [
  killed('source'),
  killed('target'),
  { name: 'operator killed', strike: killOperator, outcome: byCommit },
  restarted('kubelet', 'source'),
  restarted('kubelet', 'target'),
  restarted('containerd', 'source'),
  restarted('containerd', 'target'),
  {
    name: 'API server hangs for 30 s',
    strike: (scene) => signal(scene, 'STOP', 'apiServer'),
    lastsMs: 30_000,
    mend: (scene) => signal(scene, 'CONT', 'apiServer'),
    outcome: byCommit,
  },
  {
    name: 'network between the nodes cut for 15 s',
    strike: cutNetwork,
    lastsMs: 15_000,
    mend: joinNetwork,
    outcome: byCommit,
  },
  {
    // After the commit too: the target that was not told yet has run nothing, and its source is whole.
    name: 'target host switched off',
    impossible: (_point, lab) => noPower(lab),
    strike: ({ lab, target }) => lab.power?.off(target) ?? Promise.resolve(),
    lastsMs: 10_000,
    mend: ({ lab, target }) => lab.power?.on(target) ?? Promise.resolve(),
    outcome: () => 'stayed',
  },
  {
    name: 'target host lost for good, source wanted back',
    impossible: (point, lab) =>
      noPower(lab) ??
      (isBeforeCommit(point) ? 'the source thaws by itself then, as when it is switched off' : undefined),
    strike: loseTarget,
    mend: reviveTarget,
    outcome: () => 'stayed',
  },
  {
    name: 'source host switched off',
    impossible: (point, lab) =>
      noPower(lab) ??
      (stateHasArrived(point) ? undefined : 'the only copy of the state dies with its host, like any pod'),
    strike: ({ lab, source }) => lab.power?.off(source) ?? Promise.resolve(),
    lastsMs: 10_000,
    mend: ({ lab, source }) => lab.power?.on(source) ?? Promise.resolve(),
    outcome: () => 'moved',
  },
  byStore({
    name: 'store full',
    impossible: (_point, lab) =>
      served(lab) ?? (lab.power ? undefined : 'the disks of hosts of your own are not made to look full'),
    strike: fillStore,
    // until the state would have been written
    lastsMs: 5000,
    mend: emptyStore,
    words: /^store: cannot write/,
    outcome: (point) => (stateIsStored(point) ? 'moved' : 'stayed'),
  }),
  byStore({
    name: 'store gone',
    impossible: (_point, lab) => served(lab),
    strike: stopStore,
    mend: startStore,
    outcome: (point) => (stateHasArrived(point) ? 'moved' : 'stayed'),
  }),
  byStore({
    name: 'store hangs for 15 s',
    strike: (scene) => signal(scene, 'STOP', 'store'),
    lastsMs: 15_000,
    mend: (scene) => signal(scene, 'CONT', 'store'),
    outcome: byCommit,
  }),
  {
    name: 'image missing on the target',
    impossible: only('the image is in use from then on', 'before-freeze'),
    arrange: hideImage,
    mend: showImage,
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
    strike: spoilImages,
    outcome: () => 'stayed',
  },
  byStore({
    name: 'checksum wrong',
    impossible: only('the state is not on the store then, or was read already', 'during-move'),
    strike: damageStoredState,
    outcome: () => 'stayed',
  }),
  {
    name: 'deadline hit',
    spec: { freezeDeadlineSeconds: DEADLINE_SECONDS },
    impossible: (point) => (isBeforeFreeze(point) ? 'the deadline begins with the freeze' : undefined),
    strike: ({ lab }) => sleep((DEADLINE_SECONDS + 2) * 1000, undefined, { signal: lab.hurry }),
    outcome: stays,
  },
  {
    name: 'Podmigration deleted',
    strike: callOff,
    outcome: stays,
  },
  ...addressFaults,
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
  return { name: `${end} agent killed`, strike: (scene) => killAgent(scene, end), outcome: byCommit };
}

function restarted(unit: 'kubelet' | 'containerd', end: 'source' | 'target'): Fault {
  return {
    name: `${unit} restarted on the ${end}`,
    strike: (scene) => restartUnit(scene, end, unit),
    outcome: byCommit,
  };
}

/** A fault of a move whose state goes by the store. */
function byStore(fault: Fault): Fault {
  return {
    ...fault,
    name: `${fault.name} (transport store)`,
    spec: { transport: 'store' },
    impossible: (point, lab) =>
      point === 'sent-ahead' ? 'nothing is sent ahead by the store' : fault.impossible?.(point, lab),
  };
}
