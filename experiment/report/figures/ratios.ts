import type { Ratio } from '../../analysis/compare.ts';
import { byWorkload } from './by-workload.ts';
import type { Figure } from './figure.ts';
import { armScale } from './palette.ts';

/** Ratios with their intervals; left of 1 the first is shorter. */
export function ratioFigure(ratios: readonly Ratio[]): Figure | undefined {
  if (ratios.length === 0) return undefined;
  const arms = [...new Set(ratios.map(({ arm }) => arm))];
  const values = ratios.map(({ workload, arm, to, summary: { median, low, high } }) => ({
    workload,
    arm,
    name: `${arm} / ${to}`,
    median,
    low,
    high,
  }));
  const x = {
    type: 'quantitative',
    scale: { type: 'log' },
    title: 'ratio of outages (log scale)',
    axis: { grid: true, tickCount: 5 },
  } as const;
  const y = {
    field: 'name',
    type: 'nominal',
    sort: [...new Set(values.map(({ name }) => name))],
    title: null,
  } as const;
  const color = { field: 'arm', type: 'nominal', scale: armScale(arms), legend: null } as const;
  return {
    name: 'ratios',
    caption:
      'Outage of migration over outage of default Kubernetes, taken round by round: median and bootstrap 95 % interval. ' +
      'Left of the line at 1 migration is shorter. The scale is logarithmic.',
    spec: {
      data: { values },
      ...byWorkload(ratios, { names: 165 }),
      spec: {
        width: 220,
        height: { step: 16 },
        layer: [
          { mark: { type: 'rule', strokeDash: [4, 3], color: '#555555' }, encoding: { x: { datum: 1 } } },
          {
            mark: { type: 'rule', strokeWidth: 2 },
            encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, color },
          },
          {
            mark: { type: 'point', filled: true, size: 45, opacity: 1 },
            encoding: { x: { ...x, field: 'median' }, y, color },
          },
        ],
      },
      resolve: { scale: { y: 'independent' } },
    },
  };
}
