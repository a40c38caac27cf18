import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { podmigrationCrd } from './crd.ts';
import { structuralSchema } from './custom-resource.ts';
import { podCheckpointCrd } from './podcheckpoint-crd.ts';

const [version] = podmigrationCrd.spec.versions;
const schema = version?.schema.openAPIV3Schema;

/** Every node of a schema with its path. */
function* nodes(of: object, path = ''): Generator<[string, Record<string, unknown>]> {
  const node = of as { properties?: Record<string, object>; items?: object };
  yield [path, node as Record<string, unknown>];
  for (const [name, child] of Object.entries(node.properties ?? {})) yield* nodes(child, `${path}.${name}`);
  if (node.items) yield* nodes(node.items, `${path}[]`);
}

describe('the CRD', () => {
  it('is named and grouped as the contract says', () => {
    expect(podmigrationCrd.metadata.name).toBe('podmigrations.podmig.dcn.ssu.ac.kr');
    expect(podmigrationCrd.spec.names.kind).toBe('Podmigration');
    expect(version?.name).toBe('v1');
  });

  it('has a structural schema: a type everywhere, and no keyword that an API server refuses', () => {
    for (const [path, node] of nodes(schema as object)) {
      expect(node.type, path).toBeTypeOf('string');
      for (const keyword of [
        '$schema',
        'additionalProperties',
        'anyOf',
        'propertyNames',
        'const',
        'pattern',
      ]) {
        expect(node, path).not.toHaveProperty(keyword);
      }
    }
  });

  it('explains every field, so that kubectl explain has something to say', () => {
    const [other] = podCheckpointCrd.spec.versions;
    for (const crd of [schema, other?.schema.openAPIV3Schema])
      for (const [path, node] of nodes(crd as object))
        if (!path.endsWith('[]')) expect(node.description, path).toMatch(/\w{3}/);
  });

  it('requires the action alone, and leaves template and selector open', () => {
    const spec = schema?.properties.spec;
    expect(spec?.required).toEqual(['action']);
    for (const open of ['template', 'selector']) {
      expect(spec?.properties?.[open]).toMatchObject({
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
      });
    }
    expect(spec?.properties?.action?.enum).toEqual(['live-migration', 'checkpoint', 'restore']);
  });

  it('has columns only for fields that there are', () => {
    const known = new Set([...nodes(schema as object)].map(([path]) => path));
    for (const { jsonPath } of version?.additionalPrinterColumns ?? []) {
      const field = jsonPath.replace(/\[\?\([^)]*\)\]/, '[]');
      if (!field.startsWith('.metadata')) expect(known).toContain(field);
    }
  });
});

it('a type that a CRD cannot express is refused when the schema is made', () => {
  expect(() => structuralSchema(z.object({ a: z.union([z.string(), z.number()]) }))).toThrow(
    /not expressible/,
  );
});
