import { median } from '../../../migration/bench/statistics.ts';
import type { StartRecord } from '../../records/record.ts';
import type { Figure } from './figure.ts';
import { armScale } from './palette.ts';

/** `cold` or `warm`. */
export const howOf = ({ arm }: Pick<StartRecord, 'arm'>): string => arm.replace(/-\d+$/, '');

/** How long replicas take from the request to the last one's answer. */
export function startFigure(starts: readonly StartRecord[]): Figure | undefined {
  if (starts.length === 0) return undefined;
  const values = starts.map((start) => ({
    kind: 'run',
    workload: start.workload,
    how: howOf(start),
    replicas: start.replicas,
    s: Math.max(...start.answeredMs) / 1000,
  }));
  const cells = new Map<string, typeof values>();
  for (const value of values) {
    const key = `${value.workload}/${value.how}/${value.replicas}`;
    cells.set(key, [...(cells.get(key) ?? []), value]);
  }
  const medians = [...cells.values()].flatMap((all) => {
    const [first] = all;
    return first === undefined ? [] : [{ ...first, kind: 'median', s: median(all.map(({ s }) => s)) }];
  });
  const how = { field: 'how', type: 'nominal' } as const;
  const encoding = {
    x: { field: 'replicas', type: 'ordinal', title: 'replicas', axis: { labelAngle: 0 } },
    xOffset: how,
    y: {
      field: 's',
      type: 'quantitative',
      title: 'until the last one answers (s)',
      scale: { zero: true, nice: true },
    },
    color: { ...how, scale: armScale(['cold', 'warm']), title: null },
  } as const;
  return {
    name: 'starts',
    caption:
      'Replicas started at once: cold by a Deployment, warm from one checkpoint. A dot is one run, the line the median; from the request to the last replica’s first answer.',
    spec: {
      data: { values: [...values, ...medians] },
      facet: { column: { field: 'workload', type: 'nominal', title: null } },
      spec: {
        width: 200,
        height: 200,
        layer: [
          {
            transform: [{ filter: "datum.kind === 'run'" }],
            mark: { type: 'point', filled: true, size: 24, opacity: 0.7 },
            encoding,
          },
          {
            transform: [{ filter: "datum.kind === 'median'" }],
            mark: { type: 'tick', thickness: 2.5, width: 22, orient: 'horizontal' },
            encoding,
          },
        ],
      },
    },
  };
}
