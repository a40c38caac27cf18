import type { Podmigration } from '../contract/podmigration.ts';
import { table } from './output.ts';
import { duration, size } from './report.ts';

const NONE = '<none>';

/** Podmigrations, one a line. `wide`: also sizes, times and what each waits for or failed of. */
export function migrationsTable(
  migrations: readonly Podmigration[],
  { wide, namespaces, now }: { wide: boolean; namespaces: boolean; now: Date },
): string {
  const head = ['NAME', 'ACTION', 'STATE', 'POD', 'FROM', 'TO', 'FREEZE', 'AGE'];
  const more = ['TOTAL', 'SIZE', 'CHECKPOINT', 'BECAUSE'];
  const rows = migrations.map((migration) => {
    const { metadata, spec, status } = migration;
    const row = [
      metadata.name,
      spec.action,
      status.state ?? 'Pending',
      status.activePod ?? spec.sourcePod ?? NONE,
      status.sourceNode ?? NONE,
      status.targetNode ?? (spec.destHost || NONE),
      status.freezeMs === undefined ? NONE : duration(status.freezeMs),
      age(metadata.creationTimestamp, now),
    ];
    return [...(namespaces ? [metadata.namespace] : []), ...row, ...(wide ? wideCells(migration) : [])];
  });
  return table([[...(namespaces ? ['NAMESPACE'] : []), ...head, ...(wide ? more : [])], ...rows]);
}

function wideCells({ status }: Podmigration): string[] {
  const waiting = status.conditions?.find(({ type }) => type === 'Waiting')?.message;
  return [
    status.totalMs === undefined ? NONE : duration(status.totalMs),
    status.bytes === undefined ? NONE : size(status.bytes),
    status.checkpointPath ?? NONE,
    (status.error?.message ?? waiting ?? '').split('\n')[0] ?? '',
  ];
}

function age(since: string | undefined, now: Date): string {
  if (since === undefined) return NONE;
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** All that is known of one, for people. */
export function migrationText({ metadata, spec, status }: Podmigration): string {
  const facts: [string, string | undefined][] = [
    ['Name', metadata.name],
    ['Action', spec.action],
    ['State', status.state ?? 'Pending'],
    ['Pod', status.activePod ?? spec.sourcePod],
    ['From', status.sourceNode],
    ['To', status.targetNode ?? spec.destHost],
    ['Checkpoint', status.checkpointPath],
    ['Frozen', status.freezeMs === undefined ? undefined : duration(status.freezeMs)],
    ['Total', status.totalMs === undefined ? undefined : duration(status.totalMs)],
    ['Size', status.bytes === undefined ? undefined : size(status.bytes)],
    [
      'Error',
      status.error && [`${status.error.step}: ${status.error.message}`, ...status.error.criuLog].join('\n  '),
    ],
  ];
  const said = facts.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== '');
  const phases = (status.phases ?? []).map(({ name, startedAt, ms }) => ['', name, startedAt, duration(ms)]);
  const conditions = (status.conditions ?? []).map(({ type, status: holds, reason, message }) => [
    '',
    type,
    holds,
    reason,
    message.split('\n')[0] ?? '',
  ]);
  return [
    table(said.map(([name, value]) => [`${name}:`, value])),
    ...(phases.length === 0 ? [] : ['Phases:', table(phases)]),
    ...(conditions.length === 0 ? [] : ['Conditions:', table(conditions)]),
  ].join('\n');
}
