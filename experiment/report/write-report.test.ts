import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { START, seenBy } from '../analysis/synthetic.ts';
import { ResultFolder } from '../records/files.ts';
import type { Head, TransitionRecord } from '../records/record.ts';
import { writeReport } from './write-report.ts';

const AT = '2027-01-15T08:00:00.000Z';

const pairs = ['tick', 'redis-100MB'].flatMap((workload) =>
  ['recreate-0', 'keep-address'].map((arm) => ({ workload, arm, everyRounds: 1 })),
);
const head: Head = {
  kind: 'head',
  format: 1,
  startedAt: AT,
  seed: 1,
  arms: ['recreate-0', 'keep-address'],
  workloads: ['tick', 'redis-100MB'],
  pairs,
  runs: 2,
  readyMiB: {},
  identity: { lab: 'lab', podferry: 'commit', agent: 'agent', operator: 'operator', versions: ['criu 4'] },
  host: { kernel: '6', cpu: 'cpu', cpus: 2, memoryBytes: 2 ** 34, node: 'v20', hosts: 3 },
};

const nothingLost = { unit: 'acknowledged writes', of: 400, lost: 0 };

let folder: ResultFolder;

beforeEach(async () => {
  folder = new ResultFolder(await mkdtemp(join(tmpdir(), 'podferry-report-')));
  folder.append(head);
});
afterEach(() => rm(folder.dir, { recursive: true, force: true }));

/** A run in which the service was away for a known time. */
function run(
  cell: { workload: string; arm: string; round: number },
  more: Partial<Pick<TransitionRecord, 'loss' | 'faults'>> = {},
): void {
  const isMove = cell.arm === 'keep-address';
  const downMs = isMove ? 300 : 1500;
  const behind = cell.workload === 'tick' && !isMove ? 5000 : 0;
  const series = seenBy({
    everyMs: 2,
    lastsMs: 4000,
    downAt: 1000,
    downMs,
    latencyMs: 0.5,
    holds: false,
    behind,
  });
  folder.appendSamples({ ...cell, series: [series], stalls: [], cpuMs: 100, wallMs: 4000 });
  folder.append({
    kind: 'transition',
    ...cell,
    at: AT,
    load: 0.5,
    source: 'worker1',
    target: 'worker2',
    sourcePod: 'pod:a',
    targetPod: 'pod:b',
    times: { asked: START + 900 },
    clockErrorMs: 0.1,
    move: isMove ? { freezeMs: 280, totalMs: 1500, bytes: 10_000_000, phases: [] } : null,
    pauses: [],
    loss: null,
    faults: null,
    ...more,
  });
}

const report = async (): Promise<string> => {
  await writeReport(folder);
  return readFile(join(folder.dir, 'report.md'), 'utf8');
};

// Drawing takes its time on a busy machine.
describe('the report', { timeout: 60_000 }, () => {
  it('tells of a write that is known to be lost', async () => {
    for (const round of [1, 2])
      run({ workload: 'redis-100MB', arm: 'recreate-0', round }, { loss: nothingLost });
    run({ workload: 'redis-100MB', arm: 'keep-address', round: 1 }, { loss: nothingLost });
    run({ workload: 'redis-100MB', arm: 'keep-address', round: 2 }, { loss: { ...nothingLost, lost: 1 } });
    const text = await report();
    expect(text).toContain('| redis-100MB | keep-address | 1 of 800 acknowledged writes | 1 of 2 |');
    expect(text).toContain('| 2 | redis-100MB | keep-address | 1 of 400 acknowledged writes |');
    expect(text).toContain('| redis-100MB | recreate-0 | 0 of 800 acknowledged writes | 2 of 2 |');
  });

  it('tells of a count that went back, and of a fault that no count shows', async () => {
    run({ workload: 'tick', arm: 'recreate-0', round: 1 }, { faults: ['it was started anew'] });
    run({ workload: 'tick', arm: 'keep-address', round: 1 }, { faults: ['page 3 is torn'] });
    run({ workload: 'tick', arm: 'keep-address', round: 2 }, { faults: [] });
    const text = await report();
    expect(text).toMatch(/\| tick \| recreate-0 \| [1-9]\d* of \d+ counts of 10 ms \| 0 of 1 \|/);
    expect(text).toMatch(/\| tick \| keep-address \| 0 of \d+ counts of 10 ms \| 1 of 2 \|/);
    expect(text).toContain('| 1 | tick | keep-address | page 3 is torn |');
  });

  it('begins with what it comes to', async () => {
    for (const { workload, arm } of pairs)
      run(
        { workload, arm, round: 1 },
        workload === 'tick' ? { faults: arm === 'keep-address' ? [] : ['new'] } : {},
      );
    const text = await report();
    expect(text).toMatch(
      /\| tick \| 1 \| 1 50\d \| 30\d \| 0\.20 \| 0\.20 – 0\.20 \| 1 of 1 runs \| 0 of 1 runs \|/,
    );
    expect(text).toMatch(/\| redis-100MB \| 1 \| .* \| has none \| has none \|/);
  });

  it('is made before anything was measured, too: whoever stops an experiment at once gets one', async () => {
    const text = await report();
    expect(text).toContain('0 transitions, 0 floors, 0 starts');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('tells which workloads had memory ready, if any: of samples without it nothing is claimed', async () => {
    expect(await report()).not.toContain('**Memory.**');
    await rm(join(folder.dir, 'runs.jsonl'));
    folder.append({ ...head, readyMiB: { 'redis-100MB': 800 } });
    expect(await report()).toContain('Before each run of redis-100MB (800 MiB)');
  });

  it('says nothing of broken promises where there are none', async () => {
    run({ workload: 'tick', arm: 'keep-address', round: 1 }, { faults: [] });
    expect(await report()).not.toContain('what a migration lost');
  });

  it('is made of the raw samples alone, and comes out the same again', async () => {
    for (const { workload, arm } of pairs) run({ workload, arm, round: 1 });
    const all = async (): Promise<string[]> => {
      await writeReport(folder);
      const figures = (await readdir(join(folder.dir, 'figures'))).map((name) => join('figures', name));
      const files = ['report.md', 'report.html', ...figures.sort()];
      const texts = await Promise.all(files.map((name) => readFile(join(folder.dir, name), 'base64')));
      return files.map((name, index) => `${name} ${texts[index]}`);
    };
    const first = await all();
    for (const name of ['report.md', 'report.html', 'figures'])
      await rm(join(folder.dir, name), { recursive: true });
    expect(await all()).toEqual(first);
  });
});
