import type { Group } from '../../analysis/compare.ts';
import { byWorkload } from './by-workload.ts';
import type { Figure } from './figure.ts';
import { armScale } from './palette.ts';

/** What share of the state each run lost. */
export function lossFigure(groups: readonly Group[], arms: readonly string[]): Figure | undefined {
  const values = groups.flatMap(({ workload, arm, outcomes }) =>
    outcomes.flatMap(({ loss }) =>
      loss === null || loss.of === 0
        ? []
        : [
            {
              workload: `${workload}: ${loss.unit}`,
              arm,
              share: loss.lost / loss.of,
            },
          ],
    ),
  );
  if (values.length === 0) return undefined;
  return {
    name: 'loss',
    caption:
      'Lost work: the share of the workload’s state that was there before the transition and was not there after it; of redis, the share of all writes that were acknowledged in the run, those after the transition included. A dot is one run.',
    spec: {
      data: { values },
      ...byWorkload(values),
      spec: {
        width: 230,
        height: { step: 20 },
        mark: { type: 'point', filled: true, size: 22, opacity: 0.75 },
        encoding: {
          x: {
            field: 'share',
            type: 'quantitative',
            scale: { domain: [0, 1] },
            title: 'lost',
            axis: { format: '.0%', tickCount: 5 },
          },
          y: { field: 'arm', type: 'nominal', sort: [...arms], title: null },
          color: { field: 'arm', type: 'nominal', scale: armScale(arms), legend: null },
        },
      },
      resolve: { scale: { y: 'independent' } },
    },
  };
}
