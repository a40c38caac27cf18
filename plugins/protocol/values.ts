/**
 * Property values as a provider sees them: plain JavaScript, with an explicit wrapper for everything that JSON
 * cannot say (secrets, values not known yet, files, references to resources).
 */

/** A value that the engine must encrypt in its state and mask on screen. */
export class Secret {
  readonly value: PropertyValue;

  constructor(value: PropertyValue) {
    // One marker is enough: the engine refuses to tell a secret inside a secret from a secret.
    this.value = value instanceof Secret ? value.value : value;
  }
}

/** A value that will be known only after the update (seen in previews, never in an update). */
export class Unknown {
  readonly kind = 'unknown';
}

/** The one instance of {@link Unknown} that is needed: an unknown value has no content. */
export const unknown = new Unknown();

/** One file: exactly one of `text`, `path` and `uri` says where its content is. */
export class Asset {
  readonly source: AssetSource;
  /** SHA-256 (hex) of the content as computed by the engine; empty when it has not computed it. */
  readonly hash: string;

  constructor(source: AssetSource, hash = '') {
    this.source = source;
    this.hash = hash;
  }
}

export type AssetSource = { text: string } | { path: string } | { uri: string };

/** Several files: a folder or an archive file (`path`), one fetched from `uri`, or named members. */
export class Archive {
  readonly source: ArchiveSource;
  /** SHA-256 (hex) of the content as computed by the engine; empty when it has not computed it. */
  readonly hash: string;

  constructor(source: ArchiveSource, hash = '') {
    this.source = source;
    this.hash = hash;
  }
}

export type ArchiveSource = { path: string } | { uri: string } | { assets: Record<string, Asset | Archive> };

/** A resource passed as a value. `id` is absent for component resources. */
export class ResourceReference {
  readonly urn: string;
  readonly id: string | Unknown | undefined;
  readonly packageVersion: string;

  constructor(urn: string, id: string | Unknown | undefined, packageVersion = '') {
    this.urn = urn;
    this.id = id;
    this.packageVersion = packageVersion;
  }
}

export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | Secret
  | Unknown
  | Asset
  | Archive
  | ResourceReference
  | PropertyValue[]
  | PropertyMap;

/** An object. A key whose value is `undefined` counts as absent. */
export interface PropertyMap {
  [key: string]: PropertyValue | undefined;
}

/** True for objects that are neither arrays nor one of the wrapper classes. */
export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown) &&
    !(value instanceof Asset) &&
    !(value instanceof Archive) &&
    !(value instanceof ResourceReference)
  );
}

/** True when `test` holds for the value or for anything inside it (also inside secrets). */
function some(value: PropertyValue | undefined, test: (value: PropertyValue) => boolean): boolean {
  if (value === undefined) return false;
  if (test(value)) return true;
  if (value instanceof Secret) return some(value.value, test);
  if (Array.isArray(value)) return value.some((item) => some(item, test));
  if (isMap(value)) return Object.values(value).some((item) => some(item, test));
  return false;
}

/** Whether anything in the value is not known yet. */
export function hasUnknowns(value: PropertyValue | undefined): boolean {
  return some(
    value,
    (item) => item instanceof Unknown || (item instanceof ResourceReference && item.id instanceof Unknown),
  );
}

/** Whether anything in the value is marked secret. */
export function hasSecrets(value: PropertyValue | undefined): boolean {
  return some(value, (item) => item instanceof Secret);
}

/** The value without its outermost secret marker. */
export function unwrap(value: PropertyValue | undefined): Exclude<PropertyValue, Secret> | undefined {
  // A Secret never holds a Secret (see its constructor).
  return (value instanceof Secret ? value.value : value) as Exclude<PropertyValue, Secret> | undefined;
}

/** A copy of the value with every secret marker taken off, at any depth; everything else stays as it is. */
export function withoutSecrets(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return withoutSecrets(value.value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (isMap(value)) return mapValues(value, withoutSecrets);
  return value;
}

/** A copy of the object with each value that is present replaced by `change(value)`. */
export function mapValues(
  map: PropertyMap,
  change: (value: PropertyValue, key: string) => PropertyValue,
): PropertyMap {
  const changed: PropertyMap = {};
  for (const [key, value] of Object.entries(map)) {
    if (value !== undefined) changed[key] = change(value, key);
  }
  return changed;
}
