import type { MigrationView } from '../../contract/rest-views.ts';
import { stateOf, stateText, toneOf } from '../models/outcome.ts';

/** How a migration stands, in a word. */
export function StateBadge({ of }: { of: MigrationView }) {
  return <span class={`badge badge--${toneOf(stateOf(of))}`}>{stateText(of)}</span>;
}
