import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { $ } from 'zx';
import { type Results, workOut } from './analysis/results.ts';
import { ResultFolder } from './records/files.ts';

const PODFERRY = fileURLToPath(new URL('../podferry', import.meta.url));
const RUN_MS = 900_000;

let dir: string;
let results: Results;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'podferry-experiment-'));
  await $({ quiet: true, timeout: `${RUN_MS}ms` })`${PODFERRY} experiment --short --out ${dir}`;
  results = await workOut(new ResultFolder(dir));
}, RUN_MS);

afterAll(() => rm(dir, { recursive: true, force: true }));

const of = (arm: string) => results.outcomes.filter((outcome) => outcome.arm === arm);

describe('the short form of the experiment', () => {
  it('plays 3 runs of 3 arms with 2 workloads', () => {
    expect(results.failed).toEqual([]);
    expect(results.outcomes).toHaveLength(12);
    expect(results.floors).toHaveLength(6);
  });

  it('finds that migration loses no acknowledged write and no count', () => {
    for (const { loss } of of('stream')) {
      expect(loss?.of).toBeGreaterThan(0);
      expect(loss?.lost).toBe(0);
    }
  });

  it('finds what is lost where the pod is started anew', () => {
    for (const { loss } of of('recreate-0')) expect(loss?.lost).toBeGreaterThan(0);
  });

  it('explains every outage by parts that are the outage together', () => {
    for (const { parts, outageMs } of results.outcomes)
      expect(parts.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(outageMs, 3);
  });

  it('leaves a report that needs nothing but itself', async () => {
    const html = await readFile(join(dir, 'report.html'), 'utf8');
    expect(html).toContain('<svg');
    expect(html).not.toMatch(/<(img|script|link)\b/);
    expect(await readFile(join(dir, 'figures', 'outage.png'))).toHaveProperty('length');
  });

  it('goes on where it stopped: here nothing is left to do', async () => {
    const again = await $({ quiet: true, timeout: '300s' })`${PODFERRY} experiment --short --out ${dir}`;
    expect(again.stderr).toContain('every run is there already');
  });

  it('refuses to put another plan into the same folder', async () => {
    const other = $({ quiet: true, nothrow: true, timeout: '300s' });
    const { exitCode, stderr } = await other`${PODFERRY} experiment --short --runs 4 --out ${dir}`;
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('holds another plan');
  });
});
