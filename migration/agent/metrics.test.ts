import { pino } from 'pino';
import { expect, it } from 'vitest';
import { namingProblems } from '../metrics/naming-problems.ts';
import { AgentMetrics, type Measured } from './metrics.ts';
import { transitions } from './transitions.ts';

const at = '2026-01-01T00:00:00.000Z';
const moving: Measured = {
  state: 'moving',
  timings: [],
  failure: null,
  freezeMs: null,
  bytes: null,
  held: [1, 2],
};

async function samples(metrics: AgentMetrics, name: string): Promise<string[]> {
  const lines = (await metrics.registry.metrics()).split('\n');
  return lines.filter((line) => line.startsWith(`podferry_agent_${name}`) && !line.endsWith(' 0'));
}

it('names everything as Prometheus wants it', async () => {
  expect(await namingProblems(new AgentMetrics().registry)).toEqual([]);
});

it('counts the outcome of a move once, not its clearing away', async () => {
  const metrics = new AgentMetrics();
  const committed = { ...moving, state: 'committed' };
  metrics.changed('move', undefined, moving);
  metrics.changed('move', moving, committed);
  metrics.changed('move', committed, { ...committed, state: 'released' });
  expect(await samples(metrics, 'operations_total')).toEqual([
    'podferry_agent_operations_total{operation="move",outcome="committed",step=""} 1',
  ]);
});

it('counts a failure with its step, and a step that nobody foresaw as other', async () => {
  const metrics = new AgentMetrics();
  const failure = (step: string) => ({ step, message: 'no', criuLog: [] });
  metrics.changed('move', moving, { ...moving, state: 'thawed', failure: failure('dump') });
  metrics.changed('target', undefined, { ...moving, state: 'failed', failure: failure('pod-1234') });
  expect(await samples(metrics, 'operations_total')).toEqual([
    'podferry_agent_operations_total{operation="move",outcome="thawed",step="dump"} 1',
    'podferry_agent_operations_total{operation="target",outcome="failed",step="other"} 1',
  ]);
});

it('takes each measurement once, whenever a record has it', async () => {
  const metrics = new AgentMetrics();
  const dump = { name: 'dump', container: 'a', startedAt: at, ms: 80 } as const;
  const resume = { name: 'resume', startedAt: at, ms: 5 } as const;
  const sent = { ...moving, bytes: 1000, timings: [dump] };
  const resumed = { ...sent, state: 'committed', bytes: 1500, freezeMs: 200, timings: [dump, resume] };
  metrics.changed('move', moving, sent);
  metrics.changed('move', sent, resumed);
  metrics.changed('move', resumed, { ...resumed, state: 'released' });
  expect(await samples(metrics, 'sent_bytes_total')).toEqual([
    'podferry_agent_sent_bytes_total{operation="move"} 1500',
  ]);
  expect(await samples(metrics, 'freeze_seconds_sum')).toEqual([
    'podferry_agent_freeze_seconds_sum{operation="move"} 0.2',
  ]);
  expect(await samples(metrics, 'phase_seconds_count')).toEqual([
    'podferry_agent_phase_seconds_count{operation="move",phase="dump"} 1',
    'podferry_agent_phase_seconds_count{operation="move",phase="resume"} 1',
  ]);
});

it('counts what is under way and what is held from the records', async () => {
  const metrics = new AgentMetrics();
  const records = [moving, { ...moving, state: 'committed' }, { ...moving, state: 'released' }];
  metrics.watch('move', () => records);
  expect(await samples(metrics, 'operations_in_flight')).toEqual([
    'podferry_agent_operations_in_flight{operation="move"} 2',
  ]);
  expect(await samples(metrics, 'containers_held')).toEqual([
    'podferry_agent_containers_held{operation="move"} 4',
  ]);
});

it('logs one line a transition, with the id of the migration', () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const told = transitions('move', new AgentMetrics(), log);
  const first = { id: 'uid-1', ...moving };
  told(undefined, first);
  told(first, { ...first, bytes: 5 });
  told(first, { ...first, state: 'committed' });
  expect(lines.map(({ migration, side, from, to }) => [migration, side, from, to])).toEqual([
    ['uid-1', 'source', 'absent', 'moving'],
    ['uid-1', 'source', 'moving', 'committed'],
  ]);
});

it('shows the bytes that arrived, as they are counted elsewhere', async () => {
  const metrics = new AgentMetrics();
  let received = 1000;
  metrics.countReceived(() => received);
  expect(await samples(metrics, 'received_bytes_total')).toEqual([
    'podferry_agent_received_bytes_total 1000',
  ]);
  received = 3000;
  expect(await samples(metrics, 'received_bytes_total')).toEqual([
    'podferry_agent_received_bytes_total 3000',
  ]);
});
