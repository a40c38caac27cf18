/** One row of a figure for each workload, in the order in which they come, its name above it. */
export function byWorkload(rows: readonly { workload: string }[]): object {
  return {
    row: {
      field: 'workload',
      type: 'nominal',
      sort: [...new Set(rows.map(({ workload }) => workload))],
      title: null,
      header: { labelOrient: 'top', labelAnchor: 'start' },
    },
  };
}
