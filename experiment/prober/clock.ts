/**
 * Milliseconds since 1970 by a clock that never jumps: the wall clock was read once, at the program's start, and the monotonic one goes on
 * from there (https://nodejs.org/docs/latest-v20.x/api/perf_hooks.html#performancetimeorigin). Differences are those of the monotonic clock.
 */
export const now = (): number => performance.timeOrigin + performance.now();
