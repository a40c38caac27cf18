import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LEGACY_PATHS, legacyError } from '../../contract/rest-legacy.ts';
import { problem } from '../../contract/rest-problem.ts';
import { TestAuthority } from '../testing/certificates.ts';
import { RestHarness } from './testing/rest-harness.ts';

const authority = new TestAuthority();
let rest: RestHarness;
beforeAll(async () => {
  rest = await RestHarness.start(authority.issue('podferry-operator'));
  rest.addPod('default', 'tick');
});
afterAll(async () => {
  await rest.stop();
  authority.remove();
});

/** Bodies that are nearly right: known fields, with values that are right, wrong, or of another type. */
const value = fc.oneof(
  fc.constantFrom(
    'live-migration',
    'RESTORE',
    'checkpoint',
    'tick',
    'a/b',
    '',
    '../..',
    null,
    {},
    [],
    -1,
    1e300,
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const fieldNames = [
  ...['name', 'action', 'sourcePod', 'destHost', 'snapshotPath', 'replicas', 'selector', 'template'],
  ...[
    'namespace',
    'spec',
    'status',
    'dryRun',
    'retention',
    'ignoreChecks',
    'transport',
    '__proto__',
    'constructor',
  ],
];
const fields = fc.dictionary(fc.constantFrom(...fieldNames), value, { maxKeys: 8 });
const body = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fields,
  fields.map((spec) => ({ spec })),
);

const targets = fc.oneof(
  fc.record({ method: fc.constant('POST' as const), url: fc.constantFrom(...LEGACY_PATHS) }),
  fc.record({
    method: fc.constantFrom('POST' as const, 'PATCH' as const),
    url: fc.constantFrom(
      '/api/v1/namespaces/default/podmigrations',
      '/api/v1/namespaces/default/podmigrations/m',
      '/api/v1/namespaces/default/podcheckpoints/c/restore',
      '/api/v1/namespaces/%2e%2e/podmigrations',
    ),
  }),
);

it('answers any JSON with success or with a reason why not, never with an error of its own', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(targets, body, async ({ method, url }, sent) => {
      const answer = await rest.app.inject({
        method,
        url,
        headers: { authorization: 'Bearer token-full', 'content-type': 'application/json' },
        payload: JSON.stringify(sent),
      });
      const reason = legacyError.or(problem).safeParse(JSON.parse(answer.payload));
      if (answer.statusCode >= 300) expect(reason.success, answer.payload).toBe(true);
      expect(answer.statusCode).toBeLessThan(500);
    }),
    { numRuns: 400 },
  );
});

it('answers any path and query likewise', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.webPath(), fc.webQueryParameters(), async (path, query) => {
      const answer = await rest.app.inject({ method: 'GET', url: `/api/v1${path}?${query}` });
      expect(answer.statusCode).toBeLessThan(500);
    }),
    { numRuns: 100 },
  );
});
