/** More than one beside each other are still legible on a page. */
const COLUMNS = 2;

/**
 * One small figure for each workload, in the order in which they come, its name above it: two beside each other, so that all fit on a page.
 * @param names room for the longest name on the left, in pixels
 * @param below room between one figure and the next below it, in pixels
 */
export function byWorkload(
  rows: readonly { workload: string }[],
  { names = 85, below = 42 }: { names?: number; below?: number } = {},
) {
  const workloads = [...new Set(rows.map(({ workload }) => workload))];
  return {
    facet: {
      field: 'workload',
      type: 'nominal',
      sort: workloads,
      title: null,
      header: { labelOrient: 'top', labelAnchor: 'start' },
    },
    columns: Math.min(COLUMNS, workloads.length),
    // Laid out by the frames alone: otherwise those with short names stand out of line with the axis below them.
    bounds: 'flush',
    spacing: { column: names + 20, row: below },
  } as const;
}
