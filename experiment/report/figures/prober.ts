import type { Results } from '../../analysis/results.ts';
import type { Figure } from './figure.ts';

/** How far what the prober saw is from what was done. */
export function proberFigure({ pauses }: Results): Figure | undefined {
  if (pauses.length === 0) return undefined;
  return {
    name: 'prober',
    caption:
      'The measurement itself: a pod was stopped for known times; how much longer or shorter the outage is that the prober saw. A dot is one pause.',
    spec: {
      data: {
        values: pauses.map(({ injectedMs, seenMs }) => ({
          injected: Math.round(injectedMs / 10) * 10,
          error: seenMs - injectedMs,
        })),
      },
      width: 320,
      height: 160,
      layer: [
        { mark: { type: 'rule', color: '#555555', strokeDash: [4, 3] }, encoding: { y: { datum: 0 } } },
        {
          mark: { type: 'point', filled: true, size: 24, opacity: 0.6, color: '#0072B2' },
          encoding: {
            x: { field: 'injected', type: 'quantitative', title: 'the pod was stopped for (ms)' },
            y: { field: 'error', type: 'quantitative', title: 'seen − true (ms)' },
          },
        },
      ],
    },
  };
}
