import type { Gvk } from '../object/kube-object.ts';
import type { Tree } from '../object/tree.ts';

/** What was found out about an object at one moment. */
export interface Verdict {
  readonly ready: boolean;
  /** True when waiting longer cannot help. */
  readonly hopeless?: boolean;
  /** One line for the progress display. */
  readonly progress: string;
  /** What stands in the way, for the error message; empty when nothing is known. */
  readonly reasons: readonly string[];
  /** The verdict may change by the passing of time alone: look again after this time, ms. */
  readonly againMs?: number;
}

/** The object and what belongs to it, as last seen. */
export interface View {
  readonly object: Tree;
  /** Objects of a related set, by the key in {@link Readiness.related}. */
  related(key: string): readonly Tree[];
  /** Time since the set last changed, ms; undefined while nothing of it has been seen. */
  quietMs(key: string): number | undefined;
}

/** Objects that say more about the one that is waited for; they are looked for in its namespace. */
export interface RelatedSet {
  readonly gvk: Gvk;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** How to tell that an object of some kind is ready. */
export interface Readiness {
  /** Related sets to follow, by key. */
  related?(object: Tree): Readonly<Record<string, RelatedSet>>;
  check(view: View): Verdict;
}

/** The verdict for objects that are ready with their mere existence. */
export const readyNow: Verdict = { ready: true, progress: 'ready', reasons: [] };
