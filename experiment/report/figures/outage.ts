import { summarise } from '../../../migration/bench/statistics.ts';
import type { Group } from '../../analysis/compare.ts';
import { byWorkload } from './by-workload.ts';
import type { Figure } from './figure.ts';
import { armScale } from './palette.ts';

/** Every run's outage, by workload and arm. */
export function outageFigure(groups: readonly Group[], arms: readonly string[], seed: number): Figure {
  const points = groups.flatMap(({ workload, arm, outcomes }) =>
    outcomes.map(({ outageMs }) => ({
      kind: 'run',
      workload,
      arm,
      ms: Math.max(1, outageMs),
    })),
  );
  const medians = groups.map(({ workload, arm, outcomes }) => {
    const { median, low, high } = summarise(
      outcomes.map(({ outageMs }) => Math.max(1, outageMs)),
      seed,
    );
    return { kind: 'median', workload, arm, median, low, high };
  });
  const color = { field: 'arm', type: 'nominal', scale: armScale(arms), legend: null } as const;
  const y = { field: 'arm', type: 'nominal', sort: [...arms], title: null } as const;
  const below = { ...y, bandPosition: 0.72 } as const;
  const x = {
    type: 'quantitative',
    scale: { type: 'log' },
    title: 'outage seen through the Service (ms, log scale)',
    axis: { format: ',', tickCount: 4 },
  } as const;
  return {
    name: 'outage',
    caption:
      'Outage by workload and way. A dot is one run; below them, in black, the median with its bootstrap 95 % interval. The scale is logarithmic: ' +
      'a step of the grid from 100 to 1,000 is ten times as long.',
    spec: {
      data: { values: [...points, ...medians] },
      ...byWorkload(groups),
      spec: {
        width: 250,
        height: { step: 22 },
        layer: [
          {
            transform: [{ filter: "datum.kind === 'run'" }],
            mark: { type: 'point', filled: true, size: 24, opacity: 0.6 },
            encoding: {
              x: { ...x, field: 'ms' },
              // Dots above, what is made of them below.
              y: { ...y, bandPosition: 0.3 },
              color,
            },
          },
          {
            transform: [{ filter: "datum.kind === 'median'" }],
            layer: [
              {
                mark: { type: 'rule', strokeWidth: 1.5, color: 'black' },
                encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y: below },
              },
              {
                mark: { type: 'point', shape: 'diamond', filled: true, size: 45, color: 'black', opacity: 1 },
                encoding: { x: { ...x, field: 'median' }, y: below },
              },
            ],
          },
        ],
      },
      resolve: { scale: { y: 'independent' } },
    },
  };
}
