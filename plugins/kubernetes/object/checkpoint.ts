import { isMap, type PropertyMap, unknown } from '../../protocol/values.ts';
import { gvkOf } from './kube-object.ts';
import { toObject, toProperties, withSecretsOf } from './properties.ts';
import { at, isTree, type Tree, textAt, withValue } from './tree.ts';

/** A resource's state as the official provider lays it out: the live object, with three fields of its own beside it. */
export interface Checkpoint {
  /** The inputs last applied. */
  readonly inputs: Tree;
  /** The object as the server last gave it. */
  readonly live: Tree;
  /** `apiVersion` the object was first created with. */
  readonly initialApiVersion: string;
  /** Manager of the fields this resource applies; undefined in states that predate server-side apply. */
  readonly fieldManager: string | undefined;
}

const keys = {
  inputs: '__inputs',
  initialApiVersion: '__initialApiVersion',
  fieldManager: '__fieldManager',
} as const;

/** Reads a state. A state of `get` (nothing of ours in it) gives empty inputs. */
export function parseCheckpoint(state: PropertyMap): Checkpoint {
  const object = toObject(state);
  const {
    [keys.inputs]: inputs,
    [keys.initialApiVersion]: _version,
    [keys.fieldManager]: manager,
    ...live
  } = object;
  return {
    inputs: isTree(inputs) ? inputs : {},
    live,
    initialApiVersion:
      textAt(object, keys.initialApiVersion) || textAt(inputs, 'apiVersion') || textAt(live, 'apiVersion'),
    fieldManager: typeof manager === 'string' && manager !== '' ? manager : undefined,
  };
}

/**
 * Writes a state. What is secret in `secretsOf` (the inputs as the engine sent them) is secret in the state,
 * also where the server keeps it under another name (`stringData` becomes `data`).
 */
export function formatCheckpoint(checkpoint: Checkpoint, secretsOf: PropertyMap): PropertyMap {
  const live = withSecretsOf(toProperties(checkpoint.live), secretsOf);
  return {
    ...live,
    [keys.inputs]: withSecretsOf(toProperties(checkpoint.inputs), secretsOf),
    [keys.initialApiVersion]: checkpoint.initialApiVersion,
    [keys.fieldManager]: checkpoint.fieldManager ?? '',
  };
}

/** The secret-bearing inputs inside a state, for an operation that gets no inputs of its own. */
export function secretsIn(state: PropertyMap): PropertyMap {
  const inputs = state[keys.inputs];
  return isMap(inputs) ? inputs : state;
}

/** What a preview answers with: a state without status, which nobody can know yet. */
export function formatPreview(checkpoint: Checkpoint, secretsOf: PropertyMap): PropertyMap {
  const { status: _status, ...live } = checkpoint.live;
  return formatCheckpoint({ ...checkpoint, live }, secretsOf);
}

/** A dry-run's object with what will be another in the real run marked as unknown: identity, times, allocated addresses. */
export function withoutGuesses(live: Tree, inputs: Tree): Tree {
  const marked = ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields'].reduce(
    (object, key) => withValue(object, ['metadata', key], unknown),
    live,
  );
  const { group, kind } = gvkOf(live);
  if (group !== '' || kind !== 'Service' || at(inputs, 'spec', 'clusterIP') !== undefined) return marked;
  return ['clusterIP', 'clusterIPs']
    .filter((key) => at(live, 'spec', key) !== undefined)
    .reduce((object, key) => withValue(object, ['spec', key], unknown), marked);
}
