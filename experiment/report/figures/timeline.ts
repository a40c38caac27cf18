import { type Group, typical } from '../../analysis/compare.ts';
import { byWorkload } from './by-workload.ts';
import type { Figure } from './figure.ts';
import { partScale, shownPart } from './palette.ts';

/** Where the outage of each arm's most typical run went. */
export function timelineFigure(name: string, groups: readonly Group[], caption: string): Figure | undefined {
  const values = groups.flatMap((group) =>
    (typical(group)?.parts ?? [])
      .filter(({ ms }) => ms > 0)
      .map((part) => ({
        workload: group.workload,
        arm: group.arm,
        ms: part.ms,
        ...shownPart(part.name),
      })),
  );
  if (values.length === 0) return undefined;
  const present = new Set(values.map(({ shown }) => shown));
  const domain = partScale.domain.filter((part) => present.has(part));
  const range = partScale.range.filter((_, index) => present.has(partScale.domain[index] ?? ''));
  return {
    name,
    caption,
    spec: {
      data: { values },
      ...byWorkload(groups, { below: 60 }),
      spec: {
        width: 270,
        height: { step: 20 },
        mark: { type: 'bar', stroke: 'white', strokeWidth: 0.5 },
        encoding: {
          x: {
            aggregate: 'sum',
            field: 'ms',
            type: 'quantitative',
            title: null,
            axis: { tickCount: 4, labelExpr: "datum.label + ' ms'" },
          },
          y: {
            field: 'arm',
            type: 'nominal',
            sort: [...new Set(groups.map(({ arm }) => arm))],
            title: null,
          },
          color: { field: 'shown', type: 'nominal', scale: { domain, range }, title: null },
          order: { field: 'order', type: 'quantitative' },
        },
      },
      resolve: { scale: { y: 'independent', x: 'independent' } },
    },
  };
}
