import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { podmigration } from '../contract/podmigration.ts';
import { SmokeLab } from './lab.ts';

/** The kubectl plugins as their users type them: flags, formats, exit codes. */

const POD = 'plug';
let lab: SmokeLab;
let [here, there]: string[] = [];
/** What the pod is called by now. */
let now = POD;
beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
  await lab.startPod(POD, 'tick', here as string);
});
afterAll(async () => {
  const names = await lab.kubectl([
    'get',
    'podcheckpoints',
    '-o',
    'jsonpath={.items[?(@.spec.line=="plug")].metadata.name}',
  ]);
  if (names !== '') await lab.tryKubectl(['delete', 'podcheckpoints', ...names.split(' '), '--timeout=60s']);
  await lab.removePods(POD);
  await lab.close();
});

const result = async (...args: string[]) => podmigration.parse(parse(await lab.kubectl(args)));

describe('kubectl migrate', () => {
  it('moves through the store when it is told to, and says so in its status', async () => {
    const { startedAt } = await lab.tick(POD);
    const name = (
      await lab.kubectl(['migrate', `pod/${POD}`, there as string, '--strategy', 'store', '-o', 'name'])
    ).trim();
    const moved = await result('migrate', 'status', POD, '-o', 'yaml');
    expect(name).toBe(`podmigration.podmig.dcn.ssu.ac.kr/${moved.metadata.name}`);
    expect(moved).toMatchObject({
      spec: { transport: 'store' },
      status: { state: 'Succeeded', targetNode: there },
    });
    expect((await lab.tick(`${POD}-migration-1`)).startedAt).toBe(startedAt);
    expect(await lab.kubectl(['migrate', 'list'])).toMatch(
      new RegExp(`${moved.metadata.name} .* Succeeded `),
    );
  });

  it('begins without waiting, and calls off what has not been committed', async () => {
    const { startedAt } = await lab.tick(`${POD}-migration-1`);
    await lab.kubectl(['migrate', POD, here as string, '--wait=false', '-o', 'name']);
    const cancelled = await lab.tryKubectl(['migrate', 'cancel', POD]);
    now = await lab.until(
      'one pod is left',
      () =>
        lab.kubectl([
          'get',
          'pods',
          '-l',
          `podferry.dev/smoke=${POD}`,
          '-o',
          'jsonpath={.items[*].metadata.name}',
        ]),
      (names) => names !== '' && !names.includes(' '),
    );
    // It may have been too late: then the exit code says so. Either way there is one pod, and it is the same process.
    expect(now).toBe(cancelled.exitCode === 0 ? `${POD}-migration-1` : `${POD}-migration-2`);
    expect((await lab.tick(now)).startedAt).toBe(startedAt);
  });

  it.each([
    [['migrate'], 2],
    [['migrate', 'x', '-o', 'csv'], 2],
    [['migrate', 'status', 'nobody'], 1],
    [['migrate', 'cancel', 'nobody'], 1],
    [['migrate', 'nobody', 'worker1'], 1],
    [['migrate', 'list', '--kubeconfig', '/dev/null'], 4],
    [['restore', '/smoke-nothing/there'], 1],
    [['checkpoint', POD, '/x', '--dry-run=server'], 0],
  ])('%j ends with %i', async (args, code) => {
    expect((await lab.tryKubectl(args)).exitCode).toBe(code);
  });

  it('completes pods, nodes and its own commands', async () => {
    const complete = (...words: string[]) =>
      lab.shell(`kubectl_complete-migrate ${words.map((word) => `'${word}'`).join(' ')}`);
    expect(await complete('-n', lab.namespace, 'plug-mig')).toMatch(
      new RegExp(`^${POD}-migration-\\d\n:4\n$`),
    );
    expect((await complete('x', '')).split('\n')).toEqual(expect.arrayContaining(lab.workers));
    expect((await complete('-n', lab.namespace, 'stat')).split('\n')).toContain('status');
  });
});

describe('a plugin that ends before its work does', () => {
  let startedAt: string;
  beforeEach(async () => {
    startedAt = (await lab.tick(now)).startedAt;
  });

  const target = async (): Promise<string> => ((await lab.nodeOf(now)) === here ? there : here) ?? '';

  /** Waits for what goes on in the cluster, and sees that it was done to the very process. */
  async function goesOn(name: string): Promise<void> {
    await lab.kubectl(['wait', '--for=condition=Complete', `podmigration/${name}`, '--timeout=90s']);
    now = (await result('migrate', 'status', name, '-o', 'yaml')).status.activePod ?? '';
    expect((await lab.tick(now)).startedAt).toBe(startedAt);
  }

  it('says 3 when its time is up', async () => {
    const args = ['migrate', POD, await target(), '--timeout', '0.05', '-o', 'json'];
    const late = await lab.tryKubectl(args);
    expect(late.exitCode).toBe(3);
    expect(late.stderr).toContain('not over within 0.05 s');
    await goesOn(JSON.parse(late.stdout).name);
  });

  it('says 3 also of a dry run, of which nothing stays', async () => {
    const late = await lab.tryKubectl(['migrate', POD, await target(), '--dry-run', '--timeout', '0.05']);
    expect(late.exitCode).toBe(3);
    const trials = ['get', 'podmigrations', '-o', 'jsonpath={.items[?(@.spec.dryRun==true)].metadata.name}'];
    await lab.until(
      'no trial is left',
      () => lab.kubectl(trials),
      (names) => names === '',
    );
  });

  it('says 130 after Ctrl-C, and the move goes on', async () => {
    await goesOn(await interrupted('migrate', POD, await target()));
  });

  it('says 130 after Ctrl-C, and the checkpoint is taken', async () => {
    await goesOn(await interrupted('checkpoint', POD, '/smoke-plugins'));
  });
});

/** Presses Ctrl-C as soon as the Podmigration is there; returns its name. */
async function interrupted(...args: string[]): Promise<string> {
  const { exitCode, stderr } = await lab.interruptKubectl(args, 'created in namespace');
  expect(exitCode).toBe(130);
  expect(stderr).toContain('It goes on in the cluster.');
  return /podmigration (\S+) created/.exec(stderr)?.[1] ?? '';
}

describe('kubectl restore', () => {
  it('starts copies of a pod by the name of its podcheckpoint', async () => {
    const { startedAt } = await lab.tick(now);
    const saved = JSON.parse(await lab.kubectl(['checkpoint', POD, '/smoke-plugins', '-o', 'json']));
    const restored = JSON.parse(await lab.kubectl(['restore', saved.podCheckpoint, '-r', '2', '-o', 'json']));
    expect(restored.restoredPods).toHaveLength(2);
    for (const pod of restored.restoredPods) expect((await lab.tick(pod)).startedAt).toBe(startedAt);
    await lab.kubectl(['migrate', 'cancel', restored.name]);
  });
});
