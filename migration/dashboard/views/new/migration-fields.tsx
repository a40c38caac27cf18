import type { NamespaceRights } from '../../../contract/rest-views.ts';
import { useSigned } from '../../context.tsx';
import { FIELDS_OF, type FormErrors, type FormFields } from '../../models/migration-form.ts';
import { Field } from '../../parts/field.tsx';

interface MigrationFieldsProps {
  fields: FormFields;
  errors: FormErrors;
  /** Where the user may ask for migrations. */
  namespaces: readonly NamespaceRights[];
  onChange: (name: keyof FormFields, value: string) => void;
}

/** The fields that the chosen action has. */
export function MigrationFields({ fields, errors, namespaces, onChange }: MigrationFieldsProps) {
  const { lab } = useSigned();
  const has = (name: keyof FormFields) => FIELDS_OF[fields.action].includes(name);
  const pods = lab.pods.filter((pod) => pod.namespace === fields.namespace && pod.phase === 'Running');
  const source = pods.find(({ name }) => name === fields.sourcePod);
  const known = lab.checkpoints.filter(({ metadata }) => metadata.namespace === fields.namespace);
  const text = (name: keyof FormFields) => ({
    name,
    class: 'input',
    value: fields[name],
    onInput: (event: { currentTarget: { value: string } }) => onChange(name, event.currentTarget.value),
  });
  return (
    <>
      <Field label="Namespace" error={errors.namespace}>
        {(attributes) => (
          <select {...attributes} {...text('namespace')}>
            {optionsWith(
              namespaces.map(({ namespace }) => namespace),
              fields.namespace,
            )}
          </select>
        )}
      </Field>
      {has('sourcePod') && (
        <Field label="Source pod" hint={source && `Runs on ${source.node}.`} error={errors.sourcePod}>
          {(attributes) => (
            <>
              <input {...attributes} {...text('sourcePod')} list="known-pods" autocomplete="off" />
              <datalist id="known-pods">
                {pods.map(({ name, node }) => (
                  <option key={name} value={name}>
                    on {node}
                  </option>
                ))}
              </datalist>
            </>
          )}
        </Field>
      )}
      {has('destHost') && (
        <Field label="Target node" error={errors.destHost}>
          {(attributes) => (
            <select {...attributes} {...text('destHost')}>
              <option value="">the scheduler chooses</option>
              {optionsWith(
                lab.nodes.map(({ hostname }) => hostname).filter((name) => name !== source?.node),
                fields.destHost,
              )}
            </select>
          )}
        </Field>
      )}
      {has('snapshotPath') && (
        <Field
          label="Snapshot path"
          hint={
            fields.action === 'restore'
              ? 'One pod’s checkpoint on the store.'
              : 'A directory of the store; the pod gets one of its own below it.'
          }
          error={errors.snapshotPath}
        >
          {(attributes) => (
            <>
              <input
                {...attributes}
                {...text('snapshotPath')}
                list="known-paths"
                autocomplete="off"
                placeholder="/daily"
              />
              <datalist id="known-paths">
                {fields.action === 'restore' &&
                  known.map(({ metadata, spec, status }) => (
                    <option key={metadata.uid} value={status.path ?? spec.path}>
                      {spec.pod}
                    </option>
                  ))}
              </datalist>
            </>
          )}
        </Field>
      )}
      {has('replicas') && (
        <Field
          label="Replicas"
          hint="How many pods to start from the one checkpoint."
          error={errors.replicas}
        >
          {(attributes) => (
            <input {...attributes} {...text('replicas')} inputMode="numeric" autocomplete="off" />
          )}
        </Field>
      )}
      <Field label="Name" hint="Of the Podmigration; any that is free." error={errors.name}>
        {(attributes) => <input {...attributes} {...text('name')} autocomplete="off" spellcheck={false} />}
      </Field>
    </>
  );
}

/** Options, with the value that was given among them even where it is not known. */
function optionsWith(values: readonly string[], given: string) {
  const all = given === '' || values.includes(given) ? values : [given, ...values];
  return all.map((value) => <option key={value}>{value}</option>);
}
