import type { MigrationAction, PodmigrationSpec } from '../../contract/podmigration.ts';

/** What was typed into the form; texts as they are, so that nothing typed is lost when the action changes. */
export interface FormFields {
  action: MigrationAction;
  namespace: string;
  name: string;
  sourcePod: string;
  destHost: string;
  snapshotPath: string;
  replicas: string;
}

export type FormErrors = Partial<Record<keyof FormFields, string>>;

export interface Wanted {
  name: string;
  namespace: string;
  spec: PodmigrationSpec;
}

/** Which fields an action has, besides name and namespace. */
export const FIELDS_OF: Readonly<Record<MigrationAction, readonly (keyof FormFields)[]>> = {
  'live-migration': ['sourcePod', 'destHost'],
  checkpoint: ['sourcePod', 'snapshotPath'],
  restore: ['snapshotPath', 'replicas', 'destHost'],
};

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

export function isField(value: string): value is keyof FormFields {
  return ['action', 'namespace', 'name', 'sourcePod', 'destHost', 'snapshotPath', 'replicas'].includes(value);
}

/** What is wrong with the fields that the action has. */
export function formErrors(fields: FormFields): FormErrors {
  const errors: FormErrors = {};
  const has = (field: keyof FormFields) => FIELDS_OF[fields.action].includes(field);
  if (fields.name === '') errors.name = 'A name is needed.';
  else if (!NAME.test(fields.name) || fields.name.length > 253)
    errors.name =
      'Lower-case letters, digits, dashes and dots only, beginning and ending with a letter or digit.';
  if (fields.namespace === '') errors.namespace = 'A namespace is needed.';
  if (has('sourcePod') && fields.sourcePod === '') errors.sourcePod = 'A pod is needed.';
  const wrongPath = has('snapshotPath') ? pathError(fields.snapshotPath) : undefined;
  if (wrongPath !== undefined) errors.snapshotPath = wrongPath;
  if (has('replicas') && !isReplicas(fields.replicas)) errors.replicas = 'A whole number from 0 to 1000.';
  return errors;
}

function pathError(path: string): string | undefined {
  if (path === '') return 'A directory of the store is needed.';
  return path.split('/').includes('..') ? 'A directory of the store cannot go up by “..”.' : undefined;
}

const isReplicas = (text: string): boolean => /^\d{1,4}$/.test(text) && Number(text) <= 1000;

/** What the fields ask for; those that the action has not are left out. */
export function wanted(fields: FormFields): Wanted {
  const has = (field: keyof FormFields) => FIELDS_OF[fields.action].includes(field);
  const text = (field: 'sourcePod' | 'destHost' | 'snapshotPath') =>
    has(field) && fields[field] !== '' ? { [field]: fields[field] } : {};
  const replicas = has('replicas') ? { replicas: Number(fields.replicas) } : {};
  const spec = {
    action: fields.action,
    ...text('sourcePod'),
    ...text('destHost'),
    ...text('snapshotPath'),
    ...replicas,
  };
  return { name: fields.name, namespace: fields.namespace, spec };
}

/** A name that says what it is for and that is most likely free: the pod or the path, the action, the time. */
export function suggestName(fields: FormFields, now: Date): string {
  const about =
    fields.action === 'restore'
      ? (fields.snapshotPath.split('/').filter(Boolean).at(-1) ?? '')
      : fields.sourcePod;
  const time = now.toISOString().slice(5, 19).replaceAll(/[-:T]/g, '');
  const verb = { 'live-migration': 'move', checkpoint: 'save', restore: 'restore' }[fields.action];
  const base = about
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 200);
  return [base, verb, time].filter(Boolean).join('-');
}
