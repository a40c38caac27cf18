import { describe, expect, it } from 'vitest';
import type { Tree } from '../object/tree.ts';
import {
  claimReadiness,
  definitionReadiness,
  namespaceReadiness,
  secretReadiness,
  serviceReadiness,
} from './other-kinds.ts';
import type { View } from './readiness.ts';
import { readinessOf, readReadinessOf, timeoutSecondsOf } from './readiness-of.ts';

const viewOf = (object: Tree, related: Record<string, Tree[]> = {}, quietMs?: number): View => ({
  object,
  related: (key) => related[key] ?? [],
  quietMs: () => quietMs,
});

describe('a Service', () => {
  const service = (spec: Tree, status: Tree = {}): Tree => ({ metadata: { name: 's' }, spec, status });
  const selecting = service({ selector: { app: 'x' }, clusterIP: '10.0.0.1' });
  const slices = (...ready: boolean[]) => ({
    slices: [
      {
        endpoints: ready.map((is, index) => ({
          addresses: [`10.1.0.${index}`],
          conditions: { ready: is },
          targetRef: { name: `p${index}` },
        })),
      },
    ],
  });

  it('needs no endpoints without a selector, headless or for an external name', () => {
    expect(serviceReadiness.check(viewOf(service({}))).ready).toBe(true);
    expect(serviceReadiness.check(viewOf(service({ selector: { a: 'b' }, clusterIP: 'None' }))).ready).toBe(
      true,
    );
    expect(
      serviceReadiness.check(viewOf(service({ selector: { a: 'b' }, type: 'ExternalName' }))).ready,
    ).toBe(true);
  });

  it('is ready when there are endpoints and all of them are', () => {
    expect(serviceReadiness.check(viewOf(selecting, slices(true, true), 0)).ready).toBe(true);
    expect(serviceReadiness.check(viewOf(selecting, slices(true, false), 60_000))).toMatchObject({
      ready: false,
      progress: 'waiting for 1 of 2 endpoints to be ready',
      reasons: ['not ready: p1'],
    });
  });

  it('is ready without endpoints only after they have been settled for a while', () => {
    expect(serviceReadiness.check(viewOf(selecting))).toMatchObject({ ready: false });
    expect(serviceReadiness.check(viewOf(selecting, {}, 4_000))).toMatchObject({
      ready: false,
      againMs: 6_050,
    });
    expect(serviceReadiness.check(viewOf(selecting, {}, 10_000)).ready).toBe(true);
  });

  it('of type LoadBalancer needs an address', () => {
    const balanced = { type: 'LoadBalancer' };
    expect(serviceReadiness.check(viewOf(service(balanced))).ready).toBe(false);
    expect(
      serviceReadiness.check(viewOf(service(balanced, { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } })))
        .ready,
    ).toBe(true);
  });
});

describe('other kinds', () => {
  it('a Namespace is ready when active, beyond hope when it is on its way out', () => {
    expect(namespaceReadiness.check(viewOf({ status: { phase: 'Active' } })).ready).toBe(true);
    expect(namespaceReadiness.check(viewOf({ status: { phase: 'Terminating' } }))).toMatchObject({
      ready: false,
      hopeless: true,
    });
  });

  it('a definition is ready when established, and says why it is not', () => {
    const conditions = [
      {
        type: 'NamesAccepted',
        status: 'False',
        reason: 'PluralConflict',
        message: 'widgets is already in use',
      },
      { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
    ];
    expect(definitionReadiness.check(viewOf({ status: { conditions } })).reasons[0]).toBe(
      'PluralConflict: widgets is already in use',
    );
    expect(
      definitionReadiness.check(viewOf({ status: { conditions: [{ type: 'Established', status: 'True' }] } }))
        .ready,
    ).toBe(true);
  });

  it('a claim is ready when bound, or pending where binding waits for the first use', () => {
    const pending = { status: { phase: 'Pending' } };
    expect(claimReadiness.check(viewOf(pending)).ready).toBe(false);
    expect(
      claimReadiness.check(viewOf(pending, { classes: [{ volumeBindingMode: 'WaitForFirstConsumer' }] }))
        .ready,
    ).toBe(true);
    expect(claimReadiness.check(viewOf({ status: { phase: 'Bound' } })).ready).toBe(true);
  });

  it("a Secret waits for a service account's token only", () => {
    expect(secretReadiness.check(viewOf({ type: 'Opaque' })).ready).toBe(true);
    const token = { type: 'kubernetes.io/service-account-token' };
    expect(secretReadiness.check(viewOf(token)).ready).toBe(false);
    expect(secretReadiness.check(viewOf({ ...token, data: { token: 'eA==' } })).ready).toBe(true);
  });
});

describe('what is waited for', () => {
  const object = (kind: string, notes: Tree = {}): Tree => ({
    apiVersion: 'v1',
    kind,
    metadata: { annotations: notes },
  });

  it('follows from the kind, and from annotations', () => {
    expect(readinessOf(object('ConfigMap'))).toBeUndefined();
    expect(readinessOf(object('Pod'))).toBeDefined();
    expect(readinessOf(object('Pod', { 'pulumi.com/skipAwait': 'true' }))).toBeUndefined();
    const wished = readinessOf(object('ConfigMap', { 'pulumi.com/waitFor': 'jsonpath={.data.a}=b' }));
    expect(wished?.check(viewOf({ data: { a: 'b' } })).ready).toBe(true);
    expect(wished?.check(viewOf({ data: {} })).ready).toBe(false);
  });

  it('at a refresh is less: only workloads and services are looked at', () => {
    expect(readReadinessOf(object('Namespace'))).toBeUndefined();
    expect(readReadinessOf(object('Service'))).toBeDefined();
  });

  it('is limited by customTimeouts, else by the annotation, else to ten minutes', () => {
    expect(timeoutSecondsOf(object('Pod'), 0)).toBe(600);
    expect(timeoutSecondsOf(object('Pod', { 'pulumi.com/timeoutSeconds': '30' }), 0)).toBe(30);
    expect(timeoutSecondsOf(object('Pod', { 'pulumi.com/timeoutSeconds': '30' }), 900)).toBe(900);
    expect(timeoutSecondsOf(object('Pod', { 'pulumi.com/timeoutSeconds': 'soon' }), undefined)).toBe(600);
  });
});
