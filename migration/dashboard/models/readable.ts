/** Numbers and times as the page shows them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A time in ms, always in ms, so that times can be compared at a glance: `4.2 ms`, `180 ms`, `12,340 ms`. */
export function milliseconds(ms: number): string {
  return `${ms > 0 && ms < 10 ? ms.toFixed(1) : whole.format(ms)} ms`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size in bytes, in powers of 1024. */
export function bytes(count: number): string {
  const power = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  return `${power === 0 ? count : (count / 1024 ** power).toFixed(1)} ${UNITS[power]}`;
}

const STEPS = [
  { limit: 60, seconds: 1, unit: 's' },
  { limit: 3600, seconds: 60, unit: 'min' },
  { limit: 86_400, seconds: 3600, unit: 'h' },
  { limit: Number.POSITIVE_INFINITY, seconds: 86_400, unit: 'd' },
] as const;

/** How long ago something was: `just now`, `12 s ago`, `3 min ago`. A clock that runs ahead of ours counts as now. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - then) / 1000));
  if (seconds < 2) return 'just now';
  const step = STEPS.find(({ limit }) => seconds < limit) ?? STEPS[3];
  return `${Math.floor(seconds / step.seconds)} ${step.unit} ago`;
}

/** `1 pod`, `3 pods`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
