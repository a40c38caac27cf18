import { expect, it } from 'vitest';
import { REST_HOST_NAMES, REST_SERVICE } from '../contract/rest.ts';
import {
  clusterRules,
  leaseRules,
  OPERATOR_LABELS,
  OPERATOR_NAMESPACE,
  operatorDeploymentSpec,
  restServiceSpec,
} from './manifests.ts';
import { readSettings } from './settings.ts';

const spec = operatorDeploymentSpec({
  image: 'operator:1',
  secretName: 'tls',
  replicas: 2,
  limits: { perNode: 3, perCluster: 7 },
  address: 'keep' as const,
  secretVersion: 'abc',
});
const pod = spec.template.spec;

it('grants no wildcard, no secret, and no change of anything but podmigrations, checkpoints, pods and who serves', () => {
  const rules = [...clusterRules, ...leaseRules];
  expect(JSON.stringify(rules)).not.toContain('*');
  expect(rules.flatMap((rule) => rule.resources)).not.toContain('secrets');
  const reading = new Set(['get', 'list', 'watch']);
  const changed = clusterRules.filter((rule) => rule.verbs.some((verb) => !reading.has(verb)));
  expect(changed.flatMap((rule) => rule.resources)).toEqual([
    'podmigrations',
    'podmigrations/status',
    'podmigrations/finalizers',
    'podcheckpoints',
    'podcheckpoints/status',
    'pods',
    'pods/status',
    'endpointslices',
    'replicasets/finalizers',
    'statefulsets/finalizers',
    'jobs/finalizers',
    'events',
    'tokenreviews',
    'subjectaccessreviews',
  ]);
});

it('lets the Service find the port of the REST API, which has the name in the certificate', () => {
  expect(restServiceSpec.selector).toEqual(OPERATOR_LABELS);
  const [{ targetPort, port } = {}] = restServiceSpec.ports;
  expect(pod.containers[0]?.ports).toContainEqual({ name: targetPort, containerPort: port });
  expect(REST_HOST_NAMES).toContain(`${REST_SERVICE}.${OPERATOR_NAMESPACE}.svc`);
});

it('runs as nobody in particular, with nothing to write to and nothing to gain', () => {
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  for (const container of pod.containers) {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

it('is told its limits in the words that it reads', () => {
  const env = Object.fromEntries(
    pod.containers[0]?.env.map((e) => [e.name, 'value' in e ? e.value : '']) ?? [],
  );
  expect(readSettings(env)).toMatchObject({ limits: { perNode: 3, perCluster: 7 }, address: 'keep' });
});

it('mounts its key where it looks for it, and restarts with a new one', () => {
  const [container] = pod.containers;
  const mount = container?.volumeMounts[0];
  expect(container?.env).toContainEqual({ name: 'PODFERRY_TLS_DIR', value: mount?.mountPath });
  expect(pod.volumes).toContainEqual(
    expect.objectContaining({ name: mount?.name, secret: expect.anything() }),
  );
  expect(Object.values(spec.template.metadata.annotations)).toContain('abc');
  expect(spec.selector.matchLabels).toEqual(OPERATOR_LABELS);
});
