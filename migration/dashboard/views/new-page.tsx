import type { TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { migrationAction } from '../../contract/podmigration.ts';
import { restRoutes } from '../../contract/rest.ts';
import type { DryRunResult, NamespaceRights, PodView } from '../../contract/rest-views.ts';
import { messageOf } from '../api/problem-error.ts';
import { useSigned } from '../context.tsx';
import { isSystemNamespace } from '../models/board.ts';
import {
  type FormErrors,
  type FormFields,
  formErrors,
  suggestName,
  wanted,
} from '../models/migration-form.ts';
import { DryRunReport } from '../parts/dry-run-report.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { hrefOf } from '../routes.ts';
import { MigrationFields } from './new/migration-fields.tsx';

interface DryRun {
  result?: DryRunResult;
  error?: string;
}

/** The form: whatever the API can be asked for, with every field. */
export function NewPage({ given }: { given: Partial<Record<keyof FormFields, string>> }) {
  const { client, session, lab, announce } = useSigned();
  const creatable = session.namespaces.filter(({ migrations }) => migrations.create);
  const [fields, setFields] = useState(() => initial(given, usual(creatable, lab.pods)));
  const [isNameTyped, setNameTyped] = useState(Boolean(given.name));
  const [errors, setErrors] = useState<FormErrors>({});
  const [refusal, setRefusal] = useState<string>();
  const [dryRun, setDryRun] = useState<DryRun>();
  const [isBusy, setBusy] = useState(false);

  const change = (name: keyof FormFields, value: string) => {
    setNameTyped(name === 'name' ? value !== '' : isNameTyped);
    setFields({ ...fields, [name]: value });
    setDryRun(undefined);
  };
  const named = isNameTyped ? fields : { ...fields, name: suggestName(fields, new Date()) };
  const valid = (): boolean => {
    const found = formErrors(named);
    setErrors(found);
    const first = Object.keys(found)[0];
    if (first !== undefined) {
      announce(`${Object.keys(found).length} fields need attention: ${Object.values(found).join(' ')}`);
      document.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
    }
    return first === undefined;
  };
  const check = async () => {
    if (!valid()) return;
    const { sourcePod = '', destHost } = wanted(named).spec;
    setDryRun({});
    const body = { sourcePod, ...(destHost === undefined ? {} : { destHost }) };
    const answer = client.ask(restRoutes.dryRun, { params: { namespace: fields.namespace }, body });
    setDryRun(
      await answer.then(
        (result) => ({ result }),
        (error) => ({ error: messageOf(error) }),
      ),
    );
  };
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!valid()) return;
    setBusy(true);
    setRefusal(undefined);
    const { namespace, ...body } = wanted(named);
    try {
      const { metadata } = await client.ask(restRoutes.createMigration, { params: { namespace }, body });
      announce(`${metadata.name} was asked for`);
      location.hash = hrefOf({ page: 'migration', ...metadata });
    } catch (error) {
      setRefusal(messageOf(error));
      setBusy(false);
    }
  };

  return (
    <>
      <PageHead title="New migration" />
      <section class="panel" aria-label="Form">
        <form class="panel__body form" onSubmit={submit} noValidate>
          <fieldset class="form__whole">
            <legend class="field__label">Action</legend>
            <div class="choice">
              {migrationAction.options.map((action) => (
                <label key={action}>
                  <input
                    type="radio"
                    name="action"
                    checked={fields.action === action}
                    onChange={() => change('action', action)}
                  />
                  {action}
                </label>
              ))}
            </div>
          </fieldset>
          <MigrationFields fields={named} errors={errors} namespaces={creatable} onChange={change} />
          {refusal !== undefined && (
            <p class="banner banner--bad form__whole" role="alert">
              {refusal}
            </p>
          )}
          <div class="buttons form__whole">
            <button type="submit" class="button button--primary" disabled={isBusy}>
              {VERBS[fields.action]}
            </button>
            {fields.action === 'live-migration' && (
              <button type="button" class="button" onClick={check}>
                Only check
              </button>
            )}
          </div>
        </form>
      </section>
      {dryRun && (
        <section class="panel" aria-label="Checks">
          <div class="panel__body">
            <DryRunReport result={dryRun.result} error={dryRun.error} />
          </div>
        </section>
      )}
    </>
  );
}

const VERBS = { 'live-migration': 'Move', checkpoint: 'Save', restore: 'Restore' } as const;

/** Where the user most likely wants it: the first namespace of theirs that has pods. */
function usual(creatable: readonly NamespaceRights[], pods: readonly PodView[]): string {
  const names = creatable.map(({ namespace }) => namespace).filter((name) => !isSystemNamespace(name));
  return (
    names.find((name) => pods.some((pod) => pod.namespace === name)) ??
    names[0] ??
    creatable[0]?.namespace ??
    ''
  );
}

function initial(given: Partial<Record<keyof FormFields, string>>, namespace: string): FormFields {
  const empty = { name: '', namespace, sourcePod: '', destHost: '', snapshotPath: '', replicas: '1' };
  const action = migrationAction.safeParse(given.action).data ?? 'live-migration';
  return { ...empty, ...given, action };
}
