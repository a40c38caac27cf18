/** A table in Markdown; columns of numbers are aligned to the right. None without rows. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const isNumeric = (column: number): boolean =>
    rows.every((row) => /^(-?[\d][\d\s.–-]*|–|)$/.test(row[column] ?? ''));
  const rule = `|${head.map((_, column) => (isNumeric(column) ? '--:' : '---')).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** ms as people read them: four digits are too many. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined || Number.isNaN(ms)) return '–';
  if (Math.abs(ms) < 10) return ms.toFixed(1);
  return Math.round(ms).toLocaleString('en-US').replaceAll(',', ' ');
}

/** Two significant digits. */
export function ratioText(value: number): string {
  if (value === 0) return '0';
  return value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toPrecision(2);
}

export const interval = (low: number, high: number, of: (value: number) => string): string =>
  `${of(low)} – ${of(high)}`;
