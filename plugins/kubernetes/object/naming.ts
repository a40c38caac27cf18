import { createHash, randomBytes } from 'node:crypto';
import { annotated, annotations, isAnnotated, nameOf } from './kube-object.ts';
import { at, type Tree, withValue } from './tree.ts';

/** Thrown when an object asks for a name in a way that cannot be had. `field` is the input to name in the message. */
export class NamingError extends Error {
  override readonly name = 'NamingError';
  readonly field = 'metadata.name';
}

/**
 * Gives an object without a name one: the name it had (when it was made up then, too), or
 * `<resource name>-<8 hex digits>`. Made-up names are marked with an annotation, so that a replacement knows
 * that it may have another one.
 *
 * @param seed the engine's random seed: the same seed makes the same name.
 */
export function withName(
  inputs: Tree,
  old: Tree | undefined,
  resourceName: string,
  seed: Uint8Array | undefined,
): Tree {
  if (at(inputs, 'metadata', 'generateName') !== undefined && at(inputs, 'metadata', 'name') === undefined) {
    throw new NamingError(
      'metadata.generateName does not work with server-side apply: give metadata.name, or neither',
    );
  }
  if (isNamed(inputs)) return inputs;
  if (old !== undefined && isAnnotated(old, annotations.autonamed) && nameOf(old) !== '') {
    return autonamed(inputs, nameOf(old));
  }
  return autonamed(inputs, `${resourceName}-${suffix(seed)}`);
}

/** True when there is a name, be it one that is not known yet. */
export function isNamed(inputs: Tree): boolean {
  const name = at(inputs, 'metadata', 'name');
  return name !== undefined && name !== null && name !== '';
}

/**
 * Name for the manager of an object's fields, in the official provider's form. It follows from the resource: a create
 * that was broken off and is done again owns its fields under the same name.
 */
export function fieldManagerFor(urn: string): string {
  return `pulumi-kubernetes-${suffix(Buffer.from(urn))}`;
}

function autonamed(inputs: Tree, name: string): Tree {
  return annotated(withValue(inputs, ['metadata', 'name'], name), annotations.autonamed, 'true');
}

function suffix(seed: Uint8Array | undefined): string {
  const bytes = seed === undefined || seed.length === 0 ? randomBytes(32) : seed;
  return createHash('sha256').update(bytes).digest('hex').slice(0, 8);
}
