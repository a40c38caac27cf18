import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiVersionOf, splitApiVersion } from './kube-object.ts';
import { isPatch, parseToken } from './token.ts';

describe('parseToken', () => {
  it.each([
    ['kubernetes:core/v1:Pod', { group: '', version: 'v1', kind: 'Pod' }],
    ['kubernetes:apps/v1:Deployment', { group: 'apps', version: 'v1', kind: 'Deployment' }],
    [
      'kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition',
      { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' },
    ],
    [
      'kubernetes:podferry.dev/v1:Podmigration',
      { group: 'podferry.dev', version: 'v1', kind: 'Podmigration' },
    ],
  ])('reads %s', (token, gvk) => {
    expect(parseToken(token)).toEqual({ ok: true, gvk });
  });

  it.each([
    ['kubernetes:helm.sh/v3:Release', /helm\.sh components need the official/],
    ['kubernetes:yaml/v2:ConfigGroup', /yaml components need the official/],
    ['kubernetes:kustomize/v2:Directory', /kustomize components need the official/],
    ['kubernetes:v1:Pod', /expected <group>\/<version>, got "v1"/],
    ['aws:s3/bucket:Bucket', /no resource type of the package kubernetes/],
    ['kubernetes:core/v1:', /no resource type/],
  ])('refuses %s', (token, reason) => {
    expect(parseToken(token)).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });

  it('reads back what it is given, for any group, version and kind', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const group = fc.array(word, { minLength: 2, maxLength: 4 }).map((words) => words.join('.'));
    fc.assert(
      fc.property(group, word, fc.stringMatching(/^[A-Z][A-Za-z]{0,10}$/), (name, version, kind) => {
        fc.pre(name !== 'helm.sh');
        const parsed = parseToken(`kubernetes:${name}/${version}:${kind}`);
        expect(parsed).toEqual({ ok: true, gvk: { group: name, version, kind } });
        expect(splitApiVersion(apiVersionOf({ group: name, version }))).toEqual({ group: name, version });
      }),
    );
  });
});

describe('isPatch', () => {
  it('knows the Patch resource of a kind from a kind that ends in Patch', () => {
    expect(isPatch('DeploymentPatch', 'Deployment')).toBe(true);
    expect(isPatch('JetPatch', 'JetPatch')).toBe(false);
  });
});
