import type { MigrationView, NodeView, PodView } from '../../contract/rest-views.ts';
import { outcomeOf } from './outcome.ts';

/** Nodes side by side, with their pods. */

/** What a migration under way makes of a pod. */
export type Part = 'leaving' | 'arriving' | 'saving';

export interface Card {
  pod: PodView;
  part: Part | undefined;
  /** The migration that gives it its part. */
  migration: MigrationView | undefined;
}

export interface Column {
  node: NodeView;
  cards: Card[];
  /** Pods that the filter hides. */
  hidden: number;
}

export interface BoardFilter {
  /** One namespace, or all. */
  namespace?: string;
  /** Also what belongs to Kubernetes and podferry. */
  system: boolean;
}

export function isSystemNamespace(name: string): boolean {
  return name === 'podferry-system' || name.startsWith('kube-');
}

/** A column for each node, workers first, each by name; in it the pods that the filter lets through. */
export function board(
  nodes: Iterable<NodeView>,
  pods: Iterable<PodView>,
  migrations: Iterable<MigrationView>,
  filter: BoardFilter,
): Column[] {
  const active = [...migrations].filter((migration) => outcomeOf(migration) === 'active');
  const all = [...pods].sort(byName);
  return [...nodes].sort(workersFirst).map((node) => {
    const here = all.filter((pod) => pod.node === node.name);
    const shown = here.filter((pod) => passes(pod, filter));
    return { node, hidden: here.length - shown.length, cards: shown.map((pod) => cardOf(pod, active)) };
  });
}

function passes({ namespace }: PodView, filter: BoardFilter): boolean {
  if (filter.namespace) return namespace === filter.namespace;
  return filter.system || !isSystemNamespace(namespace);
}

function cardOf(pod: PodView, active: readonly MigrationView[]): Card {
  for (const migration of active) {
    const part = partOf(pod, migration);
    if (part !== undefined) return { pod, part, migration };
  }
  return { pod, part: undefined, migration: undefined };
}

function partOf(pod: PodView, { metadata, spec, status }: MigrationView): Part | undefined {
  if (metadata.namespace !== pod.namespace || spec.dryRun) return undefined;
  if (spec.action === 'restore')
    return status.replicas?.some((r) => r.name === pod.name && r.state === 'Creating')
      ? 'arriving'
      : undefined;
  if (status.targetPod === pod.name && status.targetPod !== status.sourcePod) return 'arriving';
  if (status.sourcePod !== pod.name) return undefined;
  return spec.action === 'checkpoint' ? 'saving' : 'leaving';
}

function byName(a: PodView, b: PodView): number {
  return a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name, 'en', { numeric: true });
}

function workersFirst(a: NodeView, b: NodeView): number {
  return (
    Number(a.controlPlane) - Number(b.controlPlane) || a.name.localeCompare(b.name, 'en', { numeric: true })
  );
}

/** The nodes that a pod may be dropped on, in the board's order. */
export function destinations(columns: readonly Column[], pod: PodView): NodeView[] {
  return columns.map(({ node }) => node).filter(({ name }) => name !== pod.node);
}
