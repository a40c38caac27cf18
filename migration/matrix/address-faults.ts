import {
  type AddressCommand,
  breakCommand,
  mendCommands,
  overflowQueue,
  toldOfLoss,
} from './address-blows.ts';
import { callOff, killAgent, noPower } from './blows.ts';
import type { Fault, Outcome } from './faults.ts';
import { isBeforeCommit, isBeforeFreeze, type Point } from './points.ts';

const spec = { address: 'keep' } as const;

/** Longer than it takes to try again a few times, in ms. */
const BROKEN_MS = 5000;

const notHeld = (point: Point): string | undefined =>
  isBeforeFreeze(point) ? 'nothing is held yet' : undefined;

/** What can go wrong while an address is on its way with its pod. The pod's clients keep their connections throughout. */
export const addressFaults: readonly Fault[] = [
  {
    name: 'source agent killed while holding (address kept)',
    spec,
    impossible: notHeld,
    strike: (scene) => killAgent(scene, 'source'),
    outcome: (point) => (isBeforeCommit(point) ? 'either' : 'moved'),
  },
  {
    name: 'target agent killed (address kept)',
    spec,
    impossible: notHeld,
    strike: (scene) => killAgent(scene, 'target'),
    outcome: (point) => (isBeforeCommit(point) ? 'either' : 'moved'),
  },
  {
    // After the commit too: see the same blow without an address that is kept. The target may be the address's home, by way of
    // which all its connections go.
    name: 'target host switched off (address kept)',
    spec,
    impossible: (point, lab) => noPower(lab) ?? at('after-commit')(point),
    strike: ({ lab, target }) => lab.power?.off(target) ?? Promise.resolve(),
    lastsMs: 10_000,
    mend: ({ lab, target }) => lab.power?.on(target) ?? Promise.resolve(),
    outcome: () => 'stayed',
  },
  broken('cut-off', 'source', 'before-freeze', 'stayed'),
  broken('silence', 'source', 'before-freeze', 'stayed'),
  broken('hand-over', 'source', 'before-commit', 'moved'),
  broken('open', 'target', 'before-commit', 'moved'),
  {
    ...broken('give-back', 'source', 'during-restore', 'stayed'),
    async strike(scene) {
      await breakCommand(scene, 'source', 'give-back');
      await callOff(scene);
    },
  },
  {
    name: 'more sent than can be held (address kept)',
    spec,
    impossible: at('before-commit'),
    strike: overflowQueue,
    proof: toldOfLoss,
    outcome: () => 'moved',
  },
];

function at(only: Point): (point: Point) => string | undefined {
  return (point) => (point === only ? undefined : `tried ${only} alone`);
}

function broken(command: AddressCommand, end: 'source' | 'target', where: Point, outcome: Outcome): Fault {
  return {
    name: `podferry-addresses ${command} fails for ${BROKEN_MS / 1000} s (address kept)`,
    spec,
    impossible: at(where),
    strike: (scene) => breakCommand(scene, end, command),
    lastsMs: BROKEN_MS,
    mend: mendCommands,
    outcome: () => outcome,
  };
}
