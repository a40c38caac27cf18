import fc from 'fast-check';
import structProto from 'google-protobuf/google/protobuf/struct_pb.js';
import { describe, expect, it } from 'vitest';
import { decodeProperties, encodeProperties } from './struct.ts';
import {
  Archive,
  Asset,
  type PropertyMap,
  type PropertyValue,
  ResourceReference,
  Secret,
  unknown,
} from './values.ts';

/** Property names as programs have them; `__proto__` is none that a JavaScript SDK can send. */
const name = fc.string().filter((text) => text !== '__proto__');
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const path = fc.string({ minLength: 1 });
const asset = fc
  .tuple(
    fc.oneof(fc.record({ text: fc.string() }), fc.record({ path }), fc.record({ uri: path })),
    fc.string(),
  )
  .map(([source, hash]) => new Asset(source, hash));
const reference = fc
  .tuple(fc.string(), fc.constantFrom(undefined, unknown, 'id'), fc.string())
  .map(([urn, id, version]) => new ResourceReference(urn, id, version));

const { properties } = fc.letrec<{ value: PropertyValue; properties: PropertyMap; archive: Archive }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.constant(null), fc.boolean(), number, fc.string(), fc.constant(unknown), asset, reference),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('properties'),
      tie('archive'),
      tie('value').map((value) => new Secret(value)),
    ),
    archive: fc
      .oneof(
        fc.record({ path }),
        fc.record({ uri: path }),
        fc.dictionary(name, asset, { maxKeys: 3 }).map((assets) => ({ assets })),
      )
      .map((source) => new Archive(source, 'hash')),
    properties: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  }),
);

function overTheWire(map: PropertyMap): PropertyMap {
  const bytes = encodeProperties(map).serializeBinary();
  return decodeProperties(structProto.Struct.deserializeBinary(bytes));
}

describe('properties on the wire', () => {
  it('come back as they were, with nested secrets, unknowns and files', () => {
    fc.assert(
      fc.property(properties, (map) => {
        expect(overTheWire(map)).toEqual(map);
      }),
    );
  });

  it('leave out what is undefined', () => {
    expect(overTheWire({ kept: null, left: undefined })).toEqual({ kept: null });
  });

  it('are what the engine knows: signatures and sentinels', () => {
    const wire = encodeProperties({ token: new Secret('s'), later: unknown }).toJavaScript();
    expect(wire).toEqual({
      token: { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', value: 's' },
      later: '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
    });
  });

  it('are unknown for each of the engine’s typed sentinels', () => {
    const struct = structProto.Struct.fromJavaScript({ flag: '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7' });
    expect(decodeProperties(struct)).toEqual({ flag: unknown });
  });

  it('are read from output values, which carry their own secret and unknown marks', () => {
    const signature = { '4dabf18193072939515e22adb298388d': 'd0e6a833031e9bbcd3f4e8bde6ca49a4' };
    const struct = structProto.Struct.fromJavaScript({
      known: { ...signature, value: 1 },
      later: { ...signature },
      hidden: { ...signature, value: 'x', secret: true },
    });
    expect(decodeProperties(struct)).toEqual({ known: 1, later: unknown, hidden: new Secret('x') });
  });

  it('are refused when a signature is not known', () => {
    const struct = structProto.Struct.fromJavaScript({ a: { '4dabf18193072939515e22adb298388d': 'what' } });
    expect(() => decodeProperties(struct)).toThrow('unknown signature "what"');
  });

  it('are refused when an archive holds something that is no file', () => {
    const struct = structProto.Struct.fromJavaScript({
      a: { '4dabf18193072939515e22adb298388d': '0def7320c3a5731c473e5ecbe6d01bc7', assets: { x: 1 } },
    });
    expect(() => decodeProperties(struct)).toThrow('member "x" of an archive');
  });
});
