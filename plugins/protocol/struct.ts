import structProto, { type JavaScriptValue, type Struct } from 'google-protobuf/google/protobuf/struct_pb.js';
import {
  Archive,
  type ArchiveSource,
  Asset,
  type AssetSource,
  isMap,
  type PropertyMap,
  type PropertyValue,
  ResourceReference,
  Secret,
  Unknown,
  unknown,
} from './values.ts';

/**
 * Property values on the wire: `google.protobuf.Struct`, where an object with the signature key says what JSON
 * cannot. Signatures and sentinels are those of github.com/pulumi/pulumi, `sdk/go/common/resource/sig` and
 * `sdk/go/common/resource/plugin/rpc.go`.
 */
const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const assetSignature = 'c44067f5952c0a294b673a41bacd8c17';
const archiveSignature = '0def7320c3a5731c473e5ecbe6d01bc7';
const resourceSignature = '5cf8f73096256a8f31e491e813e4eb8e';
const outputSignature = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';

/** What an unknown value is sent as; the engine has one sentinel per expected type and takes any of them. */
const unknownSentinel = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const unknownSentinels: ReadonlySet<string> = new Set([
  unknownSentinel,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

type WireMap = { [key: string]: JavaScriptValue };

/**
 * Reads a Struct that the engine sent. A missing Struct is an empty object.
 * @throws Error when an object carries a signature that is not known or lacks what its signature promises.
 */
export function decodeProperties(struct: Struct | undefined): PropertyMap {
  if (struct === undefined) return {};
  return decodeMap(struct.toJavaScript());
}

/** Writes properties as the Struct that the engine reads. Keys that are `undefined` are left out. */
export function encodeProperties(properties: PropertyMap): Struct {
  return structProto.Struct.fromJavaScript(encodeMap(properties));
}

function decodeMap(wire: WireMap): PropertyMap {
  return Object.fromEntries(Object.entries(wire).map(([key, value]) => [key, decode(value)]));
}

function decode(wire: JavaScriptValue): PropertyValue {
  if (typeof wire === 'string') return unknownSentinels.has(wire) ? unknown : wire;
  if (wire === null || typeof wire !== 'object') return wire;
  if (Array.isArray(wire)) return wire.map(decode);
  const map = wire as WireMap;
  return signatureKey in map ? decodeSigned(map) : decodeMap(map);
}

function decodeSigned(wire: WireMap): PropertyValue {
  switch (wire[signatureKey]) {
    case secretSignature:
      return new Secret(decode(wire.value ?? null));
    case assetSignature:
      return new Asset(decodeAssetSource(wire), text(wire.hash));
    case archiveSignature:
      return new Archive(decodeArchiveSource(wire), text(wire.hash));
    case resourceSignature:
      return new ResourceReference(text(wire.urn), decodeId(wire.id), text(wire.packageVersion));
    case outputSignature: {
      // Its dependencies are of no use to a provider, which has no resources of its own.
      const value = wire.value === undefined ? unknown : decode(wire.value);
      return wire.secret === true ? new Secret(value) : value;
    }
    default:
      throw new Error(`a property value has the unknown signature ${JSON.stringify(wire[signatureKey])}`);
  }
}

function text(wire: JavaScriptValue | undefined): string {
  return typeof wire === 'string' ? wire : '';
}

function decodeId(wire: JavaScriptValue | undefined): string | Unknown | undefined {
  if (typeof wire !== 'string') return undefined;
  return unknownSentinels.has(wire) ? unknown : wire;
}

function decodeAssetSource(wire: WireMap): AssetSource {
  if (text(wire.path) !== '') return { path: text(wire.path) };
  if (text(wire.uri) !== '') return { uri: text(wire.uri) };
  // An empty text is left out by the engine.
  return { text: text(wire.text) };
}

function decodeArchiveSource(wire: WireMap): ArchiveSource {
  if (text(wire.path) !== '') return { path: text(wire.path) };
  if (text(wire.uri) !== '') return { uri: text(wire.uri) };
  const assets: Record<string, Asset | Archive> = {};
  const members = wire.assets;
  if (members !== null && typeof members === 'object' && !Array.isArray(members)) {
    for (const [name, member] of Object.entries(members)) {
      const decoded = decode(member);
      if (!(decoded instanceof Asset || decoded instanceof Archive)) {
        throw new Error(`member ${JSON.stringify(name)} of an archive is neither an asset nor an archive`);
      }
      assets[name] = decoded;
    }
  }
  return { assets };
}

function encodeMap(map: PropertyMap): WireMap {
  const wire: WireMap = {};
  for (const [key, value] of Object.entries(map)) {
    if (value !== undefined) wire[key] = encode(value);
  }
  return wire;
}

function encode(value: PropertyValue): JavaScriptValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(encode);
  if (isMap(value)) return encodeMap(value);
  if (value instanceof Unknown) return unknownSentinel;
  if (value instanceof Secret) return { [signatureKey]: secretSignature, value: encode(value.value) };
  if (value instanceof Asset) {
    return { [signatureKey]: assetSignature, hash: value.hash, ...value.source };
  }
  if (value instanceof Archive) return encodeArchive(value);
  return encodeReference(value);
}

function encodeArchive(archive: Archive): WireMap {
  const source = 'assets' in archive.source ? { assets: encodeMap(archive.source.assets) } : archive.source;
  return { [signatureKey]: archiveSignature, hash: archive.hash, ...source };
}

function encodeReference(reference: ResourceReference): WireMap {
  const wire: WireMap = {
    [signatureKey]: resourceSignature,
    urn: reference.urn,
    packageVersion: reference.packageVersion,
  };
  if (reference.id !== undefined) {
    wire.id = reference.id instanceof Unknown ? unknownSentinel : reference.id;
  }
  return wire;
}
