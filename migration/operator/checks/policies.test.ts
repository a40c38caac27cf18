import { describe, expect, it } from 'vitest';
import { runChecks } from '../../contract/verdict.ts';
import type { PodFacts } from './pod.ts';
import { disruptionBudget, networkPolicy, type PolicyFacts, policies, resourceQuota } from './policies.ts';
import { facts } from './testing.ts';

type Rules = Omit<PolicyFacts, keyof PodFacts>;
const none: Rules = { budgets: [], quotas: [], networkPolicies: [] };
const metadata = { name: 'rule', namespace: 'default' };
const web = { matchLabels: { app: 'web' } };
const other = { matchLabels: { app: 'other' } };
const resources = { requests: { cpu: '500m', memory: '64Mi' }, limits: { memory: '128Mi' } };
const about = facts({ spec: { containers: [{ name: 'app', resources }] } });

const statusOf = (name: string, rules: Partial<Rules>, pod = about) =>
  runChecks(policies, { ...pod, ...none, ...rules }).find((result) => result.name === name);

it('no rule objects to nothing', () => {
  const results = runChecks(policies, { ...about, ...none });
  expect(results.map(({ status }) => status)).toEqual(['passed', 'passed', 'passed']);
});

describe('a PodDisruptionBudget', () => {
  const budget = (selector: object | undefined, disruptionsAllowed: number) =>
    disruptionBudget.parse({ metadata, spec: { selector }, status: { disruptionsAllowed } });
  it.each([
    ['with room', web, 1, 'passed'],
    ['without', web, 0, 'failed'],
    ['of other pods', other, 0, 'passed'],
    ['of all pods', {}, 0, 'failed'],
    ['of no pod', undefined, 0, 'passed'],
  ])('%s', (_, selector, allowed, status) => {
    const found = statusOf('DisruptionBudget', { budgets: [budget(selector, allowed)] });
    expect(found).toMatchObject({ status });
  });
});

describe('a ResourceQuota', () => {
  const quota = (hard: object, used: object, spec: object = {}) =>
    resourceQuota.parse({ metadata, spec, status: { hard, used } });
  const bestEffort = facts();
  it.each([
    ['of pods with room', { pods: '2' }, { pods: '1' }, {}, about, 'passed'],
    ['of pods without', { pods: '2' }, { pods: '2' }, {}, about, 'failed'],
    ['of counted pods', { 'count/pods': '1' }, { 'count/pods': '1' }, {}, about, 'failed'],
    ['of CPU with just enough', { 'requests.cpu': '1' }, { 'requests.cpu': '500m' }, {}, about, 'passed'],
    ['of CPU with too little', { 'requests.cpu': '1' }, { 'requests.cpu': '501m' }, {}, about, 'failed'],
    ['of memory by its short name', { memory: '100Mi' }, { memory: '64Mi' }, {}, about, 'failed'],
    ['of memory limits', { 'limits.memory': '256Mi' }, { 'limits.memory': '129Mi' }, {}, about, 'failed'],
    ['of what the pod does not take', { 'requests.nvidia.com/gpu': '0' }, {}, {}, about, 'passed'],
    ['of other things', { services: '1' }, { services: '1' }, {}, about, 'passed'],
    ['of best-effort pods', { pods: '1' }, { pods: '1' }, { scopes: ['BestEffort'] }, about, 'passed'],
    [
      'of best-effort pods like it',
      { pods: '1' },
      { pods: '1' },
      { scopes: ['BestEffort'] },
      bestEffort,
      'failed',
    ],
    ['of pods that end', { pods: '1' }, { pods: '1' }, { scopes: ['Terminating'] }, about, 'passed'],
    ['of priorities', { pods: '1' }, { pods: '1' }, { scopeSelector: {} }, about, 'passed'],
  ])('%s', (_, hard, used, spec, pod, status) => {
    const found = statusOf('Quota', { quotas: [quota(hard, used, spec)] }, pod);
    expect(found).toMatchObject({ status });
  });
});

it.each([
  ['that selects the pod warns', web, 'warning'],
  ['of all pods warns', {}, 'warning'],
  ['of other pods does not', other, 'passed'],
])('a NetworkPolicy %s', (_, podSelector, status) => {
  const policy = networkPolicy.parse({ metadata, spec: { podSelector } });
  expect(statusOf('NetworkPolicy', { networkPolicies: [policy] })).toMatchObject({ status });
});
