import type { Outcome } from '../../analysis/outcome.ts';
import type { Samples } from '../../records/record.ts';
import type { Figure } from './figure.ts';
import { armScale } from './palette.ts';

const BEFORE_MS = 400;
const AFTER_MS = 600;
const BIN_MS = 20;
/** Questions that waited are answered all at once: to show that would hide all else. */
const MOST_SHOWN = 1000;
/** Pixels across a dot. */
const DOT = 2.5;

/** One arm's most typical run, with everything that the prober saw. */
export interface Shown {
  outcome: Outcome;
  samples: Samples;
}

/** Answers a second, and how long each took, around the transition. */
export function aroundFigures(shown: readonly Shown[]): Figure[] {
  if (shown.length === 0) return [];
  const arms = shown.map(({ outcome }) => outcome.arm);
  const workload = shown[0]?.outcome.workload ?? '';
  const points = shown.flatMap(pointsOf);
  const row = {
    field: 'arm',
    type: 'nominal',
    sort: arms,
    title: null,
    header: { labelOrient: 'top', labelAnchor: 'start' },
  } as const;
  const x = { type: 'quantitative', title: 'time since the last answer before the outage (s)' } as const;
  const color = { field: 'arm', type: 'nominal', scale: armScale(arms), legend: null } as const;
  const about = `of ${workload}, in the run of each arm whose outage is nearest to the median`;
  return [
    {
      name: 'throughput',
      caption: `Answers a second around the transition ${about}; counted in steps of ${BIN_MS} ms. 500 questions a second are asked, whatever comes back. Those that waited for a pod that stood still are answered all at once when it goes on, which the scale cuts off.`,
      spec: {
        data: { values: shown.flatMap(({ outcome }) => binsOf(outcome.arm, points)) },
        facet: { row },
        spec: {
          width: 460,
          height: 60,
          mark: { type: 'area', interpolate: 'step-after', opacity: 0.8 },
          encoding: {
            x: { ...x, field: 's' },
            y: {
              field: 'rate',
              type: 'quantitative',
              scale: { domain: [0, MOST_SHOWN], clamp: true },
              title: 'answers/s',
              axis: { tickCount: 3 },
            },
            color,
          },
        },
      },
    },
    {
      name: 'latency',
      caption: `How long each answer took ${about}, from when its question was due. A question that waited through an outage shows as a slow answer.`,
      spec: {
        data: { values: dots(points) },
        facet: { row },
        spec: {
          width: 460,
          height: 80,
          mark: { type: 'line', strokeWidth: DOT, strokeCap: 'round', strokeJoin: 'round', opacity: 0.8 },
          encoding: {
            x: { ...x, field: 's' },
            y: {
              field: 'ms',
              type: 'quantitative',
              scale: { type: 'log' },
              title: 'latency (ms)',
              axis: { tickCount: 3, format: '~g' },
            },
            color,
          },
        },
      },
    },
  ];
}

interface Point {
  arm: string;
  /** When it was asked, in s from the beginning of the outage. */
  s: number;
  /** How long the answer took; null when none came. */
  ms: number | null;
  answeredAt: number | null;
}

function pointsOf({ outcome: { arm, gap }, samples }: Shown): Point[] {
  const service = samples.series.find(({ id }) => id === 'service');
  if (service === undefined) return [];
  return service.latency.flatMap((tenths, index) => {
    const at = service.startedAt + index * service.everyMs - gap.from;
    if (at < -BEFORE_MS || at > gap.ms + AFTER_MS) return [];
    const ms = tenths < 0 ? null : Math.max(0.1, tenths / 10);
    return [{ arm, s: at / 1000, ms, answeredAt: ms === null ? null : at + ms }];
  });
}

/**
 * Each answer as a line of its own that goes nowhere, of which the round cap is seen. All of an arm are then one path, at some 16 bytes a
 * dot; as symbols, thousands of dots were elements of 340 bytes each, a megabyte for one figure.
 */
function dots(points: readonly Point[]): Point[] {
  return points.flatMap((point) => (point.ms === null ? [] : [point, { ...point, ms: null }]));
}

function binsOf(arm: string, points: readonly Point[]): { arm: string; s: number; rate: number }[] {
  const own = points.filter((point) => point.arm === arm);
  const last = Math.max(...own.map(({ s }) => s * 1000));
  const counts = new Map<number, number>();
  for (const { answeredAt } of own)
    if (answeredAt !== null) {
      const bin = Math.floor(answeredAt / BIN_MS);
      counts.set(bin, (counts.get(bin) ?? 0) + 1);
    }
  const bins = [];
  for (let at = -BEFORE_MS; at < last; at += BIN_MS) {
    const rate = ((counts.get(Math.floor(at / BIN_MS)) ?? 0) * 1000) / BIN_MS;
    bins.push({ arm, s: at / 1000, rate });
  }
  return bins;
}
