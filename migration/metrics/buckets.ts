/**
 * Upper bounds of histogram buckets, in base units (https://prometheus.io/docs/practices/naming/#base-units). A freeze has to be
 * told apart to some 25 ms where it is short; nothing lasts longer than its deadline of two minutes.
 */
export const FREEZE_SECONDS = [
  0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120,
];

/** For whole migrations and their phases. */
export const WORK_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** For answers of other programs. */
export const ANSWER_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** For sizes: from 1 MiB to 64 GiB. */
export const STATE_BYTES = [0, 2, 4, 6, 8, 10, 12, 14, 16].map((power) => 2 ** (20 + power));
