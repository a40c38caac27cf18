import type { EventView } from '../../contract/rest-views.ts';
import { OPERATOR_NAME } from '../post-event.ts';

/** How the operator tells a pod what it told a migration: behind the migration's name (reconcile.ts). */
const UNDER_A_NAME = /^[a-z0-9][a-z0-9.-]*: /;

/**
 * Whether an event on a pod only repeats what a migration was told. Beside the migration's own events it says nothing new, or is about another
 * migration of the same pod.
 */
export const isEcho = ({ reportedBy, regarding, note }: EventView): boolean =>
  reportedBy === OPERATOR_NAME && regarding.kind === 'Pod' && UNDER_A_NAME.test(note);
