/** One complete checkpoint, as far as retention is concerned. */
export interface Retained {
  /** ISO 8601. */
  createdAt: string;
  /** Whose state it is, and where it was written to; see retentionGroup. */
  group: string;
}

export interface Retention {
  /** How many to keep, the newest first. */
  keep?: number | undefined;
  /** How many days to keep one. */
  days?: number | undefined;
}

const DAY_MS = 24 * 3600_000;

/** Retention counts the checkpoints of one pod in one directory: those of one line of moves, in one namespace. */
export const retentionGroup = (namespace: string, line: string, path: string): string =>
  `${namespace}/${line} ${path}`;

/**
 * The checkpoints that `newest` makes superfluous: of its own group, older than itself, and beyond the number or the days
 * to keep. Never `newest` itself, and none of a newer one that another run has made meanwhile.
 */
export function superfluous<T extends Retained>(
  all: readonly T[],
  newest: Retained,
  { keep = Number.POSITIVE_INFINITY, days = Number.POSITIVE_INFINITY }: Retention,
  now: Date,
): T[] {
  const time = ({ createdAt }: Retained): number => Date.parse(createdAt);
  const older = all
    .filter((one) => one.group === newest.group && time(one) < time(newest))
    .sort((a, b) => time(b) - time(a));
  return older.filter((one, index) => index + 1 >= keep || now.getTime() - time(one) > days * DAY_MS);
}
