import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExperimentLab } from '../lab.ts';
import { ResultFolder } from '../records/files.ts';
import type { Head } from '../records/record.ts';
import { runExperiment } from './experiment.ts';

const AT = '2027-01-15T08:00:00.000Z';
const cell = { workload: 'tick', arm: 'floor', round: 1 };
const head: Head = {
  kind: 'head',
  format: 1,
  startedAt: AT,
  seed: 1,
  arms: ['floor'],
  workloads: ['tick'],
  pairs: [{ workload: 'tick', arm: 'floor', everyRounds: 1 }],
  runs: 1,
  readyMiB: {},
  identity: { lab: 'lab', podferry: 'commit', agent: 'agent', operator: 'operator', versions: ['criu 4'] },
  host: { kernel: '6', cpu: 'cpu', cpus: 2, memoryBytes: 2 ** 34, node: 'v20', hosts: 3 },
};

let folder: ResultFolder;
let said: string[];

beforeEach(async () => {
  said = [];
  folder = new ResultFolder(await mkdtemp(join(tmpdir(), 'podferry-experiment-')));
  folder.append(head);
  const times = { checkpointMs: 1, restoreMs: 1, bytes: 1 };
  folder.append({ kind: 'floor', ...cell, at: AT, load: 0, frozen: times, bare: times });
});
afterEach(() => rm(folder.dir, { recursive: true, force: true }));

/** A lab that is never reached: whatever is decided here is decided before. */
const lab = new Proxy({} as ExperimentLab, {
  get(_, name) {
    if (name === 'say') return (line: string) => said.push(line);
    throw new Error(`the lab was asked for ${String(name)}`);
  },
});

const go = (wanted: Head) => runExperiment(lab, folder, { head: wanted, workloads: [] }, '');

describe('an experiment in a folder that is begun', () => {
  it('has nothing to do when every run is there', async () => {
    await go({ ...head, startedAt: '2027-02-01T00:00:00.000Z' });
    expect(said).toEqual(['every run is there already']);
  });

  it.each([
    ['lab', 'another lab', 'another lab (lab, now other)'],
    ['podferry', 'another commit', 'another version of the project (commit, now other)'],
    ['agent', 'other agents', 'other agents (agent, now other)'],
    ['operator', 'another operator', 'another operator (operator, now other)'],
  ])('is refused when its %s is %s', async (key, _, why) => {
    const before = folder.read();
    await expect(go({ ...head, identity: { ...head.identity, [key]: 'other' } })).rejects.toThrow(why);
    expect(folder.read()).toEqual(before);
  });

  it.each([
    ['number of runs', { runs: 2 }],
    ['order', { seed: 2 }],
    ['plan', { pairs: [{ workload: 'tick', arm: 'floor', everyRounds: 3 }] }],
  ])('is refused with another %s', async (_, other) => {
    await expect(go({ ...head, ...other })).rejects.toThrow('holds another plan');
  });
});
