import { expect, it } from 'vitest';
import { podCheckpointCrd } from './podcheckpoint-crd.ts';

const [version] = podCheckpointCrd.spec.versions;
const { spec, status } = version?.schema.openAPIV3Schema.properties ?? {};

it('explains every field that people read, and has columns only for fields that there are', () => {
  for (const [name, field] of Object.entries(status?.properties ?? {}))
    expect(field.description, name).toMatch(/\w{3}/);
  for (const { jsonPath } of version?.additionalPrinterColumns ?? []) {
    const [, part, ...names] = jsonPath.split('.');
    let at = part === 'spec' ? spec?.properties : status?.properties;
    for (const [depth, name] of names.entries()) {
      expect(at, jsonPath).toHaveProperty(name);
      if (depth < names.length - 1) at = at?.[name]?.properties;
    }
  }
});

it('lets nobody make another checkpoint of it', () => {
  const [rule] = spec?.['x-kubernetes-validations'] ?? [];
  for (const field of ['path', 'podUid', 'createdAt']) {
    expect(rule?.rule).toContain(`self.${field} == oldSelf.${field}`);
    expect(spec?.required).toContain(field);
  }
});
