import { floorMs } from '../../analysis/compare.ts';
import type { Results } from '../../analysis/results.ts';
import { armNames } from '../../names.ts';
import type { Figure } from './figure.ts';
import { armScale } from './palette.ts';

const MIB = 1024 * 1024;

/** How long pods stand still, against how much state they have, beside what runc alone takes. */
export function freezeFigure({ outcomes, floors }: Results): Figure | undefined {
  const moves = outcomes.flatMap(({ arm, workload, freezeMs, bytes }) =>
    freezeMs === undefined || bytes === undefined ? [] : [{ arm, workload, ms: freezeMs, mib: bytes / MIB }],
  );
  if (moves.length === 0) return undefined;
  const points = [
    ...moves,
    ...floors.map((floor) => ({
      arm: 'floor',
      workload: floor.workload,
      ms: floorMs(floor),
      mib: floor.frozen.bytes / MIB,
    })),
  ];
  const arms = [...armNames].filter((name) => points.some(({ arm }) => arm === name));
  return {
    name: 'freeze',
    caption:
      'Freeze of a move against the state that is moved; each mark is one run. The floor is bare runc, checkpoint and restore of the same process, ' +
      'frozen beforehand as in a move. Both scales are logarithmic.',
    spec: {
      data: { values: points },
      width: 420,
      height: 260,
      mark: { type: 'point', size: 45, strokeWidth: 1.5 },
      encoding: {
        x: {
          field: 'mib',
          type: 'quantitative',
          scale: tight(points.map(({ mib }) => mib)),
          title: 'state (MiB, log scale)',
          axis: { format: ',', tickCount: 5 },
        },
        y: {
          field: 'ms',
          type: 'quantitative',
          scale: tight(points.map(({ ms }) => ms)),
          title: 'freeze (ms, log scale)',
          axis: { format: ',', tickCount: 5 },
        },
        color: { field: 'arm', type: 'nominal', scale: armScale(arms), title: null },
        shape: { field: 'arm', type: 'nominal', scale: { domain: arms }, title: null },
      },
    },
  };
}

/** A logarithmic scale from just below the least value to just above the greatest: whole powers of ten would leave most of it empty. */
function tight(values: readonly number[]): { type: 'log'; nice: false; domain: number[] } {
  return { type: 'log', nice: false, domain: [Math.min(...values) * 0.8, Math.max(...values) * 1.25] };
}
