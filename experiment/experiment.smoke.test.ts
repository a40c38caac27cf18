import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { $ } from 'zx';
import { type Results, workOut } from './analysis/results.ts';
import { ResultFolder } from './records/files.ts';

const PODFERRY = fileURLToPath(new URL('../podferry', import.meta.url));
const RUN_MS = 900_000;

let dir: string;
let results: Results;
/** What became of the first try, which was stopped. */
let stopped: { exitCode: number | null; done: number; report: string; resumed: string };

const experiment = (...options: string[]) =>
  $({
    quiet: true,
    nothrow: true,
    timeout: `${RUN_MS}ms`,
  })`${PODFERRY} experiment --short --out ${dir} ${options}`;

/** Stopped as by a user who presses Ctrl-C once after the first run; no child of its own hears of it. */
async function stopAfterFirstRun(): Promise<number | null> {
  const run = spawn(PODFERRY, ['experiment', '--short', '--out', dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => run.once('close', resolve));
  for await (const line of createInterface({ input: run.stderr }))
    if (/^ *1\/\d+ /.test(line)) run.kill('SIGINT');
  return ended;
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'podferry-experiment-'));
  const exitCode = await stopAfterFirstRun();
  const { records } = new ResultFolder(dir).read();
  const report = await readFile(join(dir, 'report.md'), 'utf8');
  const again = await experiment();
  stopped = { exitCode, done: records.length, report, resumed: again.stderr };
  results = await workOut(new ResultFolder(dir));
}, RUN_MS);

afterAll(() => rm(dir, { recursive: true, force: true }));

const of = (arm: string) => results.outcomes.filter((outcome) => outcome.arm === arm);

describe('the short form of the experiment', () => {
  it('ends after the run under way when it is asked to stop, and makes a report of what is there', () => {
    expect(stopped.exitCode).toBe(130);
    expect(stopped.done).toBeGreaterThan(0);
    expect(stopped.done).toBeLessThan(18);
    expect(stopped.report).toContain('What a service transition costs');
  });

  it('goes on from there', () => {
    expect(stopped.resumed).toContain(
      `${stopped.done} runs are there already, ${18 - stopped.done} are left`,
    );
  });

  it('plays 3 runs of 3 arms with 2 workloads', () => {
    expect(results.failed).toEqual([]);
    expect(results.outcomes).toHaveLength(12);
    expect(results.floors).toHaveLength(6);
  });

  it('finds that migration loses no acknowledged write and no count', () => {
    for (const { loss } of of('keep-address')) {
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

  it('has nothing to do once all is there', async () => {
    const again = await experiment();
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain('every run is there already');
  });

  it('makes its report anew from the samples alone, without a lab', async () => {
    const before = await readFile(join(dir, 'report.md'), 'utf8');
    await rm(join(dir, 'report.md'));
    expect((await experiment('--report', '--stack', 'none')).exitCode).toBe(0);
    expect(await readFile(join(dir, 'report.md'), 'utf8')).toBe(before);
  });

  it('refuses to put another plan into the same folder', async () => {
    const { exitCode, stderr } = await experiment('--runs', '4');
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('holds another plan');
  });
});
