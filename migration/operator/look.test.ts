import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { ApiError } from '../kube/client.ts';
import { node } from '../kube/objects.ts';
import { AgentRefusal, type Agents, AgentUnreachable } from './agents.ts';
import { Look } from './look.ts';
import { OperatorMetrics } from './metrics.ts';

const worker = node.parse({ metadata: { name: 'worker1' } });
const absent = { id: 'id', state: 'absent', podUid: null, timings: [], failure: null } as const;

function observed() {
  const metrics = new OperatorMetrics();
  return { metrics, looked: vi.spyOn(metrics, 'looked'), called: vi.spyOn(metrics, 'agentCalled') };
}

it('leaves out the time in which agents were waited for, once, however many at a time', async () => {
  const { metrics, looked, called } = observed();
  const slow = { target: () => sleep(60).then(() => absent), urlOf: () => 'https://worker1' };
  const look = new Look(metrics);
  const agents = look.timing(slow as unknown as Agents);
  const began = performance.now();
  await Promise.all([agents.target(worker, 'id'), agents.target(worker, 'id')]);
  const whole = performance.now() - began;
  look.over();
  const [own, outcome] = looked.mock.calls[0] ?? [];
  expect(outcome).toBe('done');
  expect(own).toBeLessThan(whole);
  expect(own).toBeGreaterThanOrEqual(0);
  expect(called).toHaveBeenCalledTimes(2);
  expect(agents.urlOf(worker)).toBe('https://worker1');
  expect(called).toHaveBeenCalledTimes(2);
});

it.each([
  [new AgentRefusal('no', 409, 'move', []), 'refusal'],
  [new AgentUnreachable('nobody', 'worker1'), 'silence'],
])('tells %s as a %s, and passes it on', async (error, outcome) => {
  const { metrics, called } = observed();
  const failing = { target: () => Promise.reject(error) } as unknown as Agents;
  await expect(new Look(metrics).timing(failing).target(worker, 'id')).rejects.toBe(error);
  expect(called).toHaveBeenCalledWith('target', expect.any(Number), outcome);
});

it.each([
  [new ApiError('PUT x', 409, 'Conflict', ''), 'conflict'],
  [new Error('broken'), 'error'],
])('counts a look that ended with %s as %s', (error, outcome) => {
  const { metrics, looked } = observed();
  new Look(metrics).over(error);
  expect(looked).toHaveBeenCalledWith(expect.any(Number), outcome);
});
