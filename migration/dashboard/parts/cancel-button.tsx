import { useState } from 'preact/hooks';
import { restRoutes } from '../../contract/rest.ts';
import type { MigrationView } from '../../contract/rest-views.ts';
import { messageOf } from '../api/problem-error.ts';
import { useSigned } from '../context.tsx';
import { isCancellable } from '../models/outcome.ts';

/** Calls a migration off; not there once it can only go forward. */
export function CancelButton({ of, small = false }: { of: MigrationView; small?: boolean }) {
  const { client, announce } = useSigned();
  const [isBusy, setBusy] = useState(false);
  if (!isCancellable(of)) return null;
  const { namespace, name, uid } = of.metadata;
  const cancel = async () => {
    setBusy(true);
    try {
      await client.ask(restRoutes.deleteMigration, { params: { namespace, name }, query: { uid } });
      announce(`${name} is being cancelled`);
    } catch (error) {
      announce(`${name} was not cancelled: ${messageOf(error)}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class={`button ${small ? 'button--small' : ''}`} disabled={isBusy} onClick={cancel}>
      Cancel<span class="unseen"> {name}</span>
    </button>
  );
}
