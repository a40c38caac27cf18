import type { MigrationView } from '../../contract/rest-views.ts';
import { routeOf } from '../models/outcome.ts';
import { Icon } from './icons.tsx';

/** From where to where, as far as it is known. */
export function Way({ of }: { of: MigrationView }) {
  const { from, to } = routeOf(of);
  if (from === undefined && to === undefined) return <span class="quiet">the scheduler chooses</span>;
  return (
    <span class="way">
      {from !== undefined && <span>{from}</span>}
      <Icon name="arrow" />
      <span class="unseen">to</span>
      <span>{to ?? (from === undefined ? '' : 'wherever there is room')}</span>
    </span>
  );
}
