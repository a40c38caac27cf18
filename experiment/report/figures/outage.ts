import { summarise } from '../../../migration/bench/statistics.ts';
import type { Group } from '../../analysis/compare.ts';
import type { Figure } from './figure.ts';
import { armScale } from './palette.ts';

/** Every run's outage, by workload and arm. */
export function outageFigure(groups: readonly Group[], arms: readonly string[], seed: number): Figure {
  const points = groups.flatMap(({ workload, arm, outcomes }) =>
    outcomes.map(({ outageMs }, index) => ({
      kind: 'run',
      workload,
      arm,
      ms: Math.max(1, outageMs),
      // Beside each other rather than on top: the order of the runs says nothing.
      beside: outcomes.length < 2 ? 0.5 : index / (outcomes.length - 1),
    })),
  );
  const medians = groups.map(({ workload, arm, outcomes }) => {
    const { median, low, high } = summarise(
      outcomes.map(({ outageMs }) => Math.max(1, outageMs)),
      seed,
    );
    return { kind: 'median', beside: 0.5, workload, arm, median, low, high };
  });
  const color = { field: 'arm', type: 'nominal', scale: armScale(arms), legend: null } as const;
  const y = { field: 'arm', type: 'nominal', sort: [...arms], title: null } as const;
  const yOffset = {
    field: 'beside',
    type: 'quantitative' as const,
    scale: { domain: [-0.4, 1.4] },
  };
  const x = {
    type: 'quantitative',
    scale: { type: 'log' },
    title: 'outage seen through the Service (ms, log scale)',
    axis: { format: ',', tickCount: 6 },
  } as const;
  return {
    name: 'outage',
    caption:
      'Outage by workload and way. A dot is one run; the black line is the median with its bootstrap 95 % interval. The scale is logarithmic: ' +
      'a step of the grid from 100 to 1,000 is ten times as long.',
    spec: {
      data: { values: [...points, ...medians] },
      facet: {
        row: {
          field: 'workload',
          type: 'nominal',
          sort: [...new Set(groups.map(({ workload }) => workload))],
          title: null,
          header: { labelOrient: 'top', labelAnchor: 'start' },
        },
      },
      spec: {
        width: 420,
        height: { step: 20 },
        layer: [
          {
            transform: [{ filter: "datum.kind === 'run'" }],
            mark: { type: 'point', filled: true, size: 22, opacity: 0.75 },
            encoding: {
              x: { ...x, field: 'ms' },
              y,
              yOffset,
              color,
            },
          },
          {
            transform: [{ filter: "datum.kind === 'median'" }],
            layer: [
              {
                mark: { type: 'rule', strokeWidth: 1.5, color: 'black' },
                encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, yOffset },
              },
              {
                mark: { type: 'tick', thickness: 2.5, color: 'black', height: 14 },
                encoding: { x: { ...x, field: 'median' }, y, yOffset },
              },
            ],
          },
        ],
      },
      resolve: { scale: { y: 'independent' } },
    },
  };
}
