import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readRoutes } from './checks/read-facts.ts';
import { podmanLines } from './checks/read-stacks.ts';
import { dropStackFiles } from './engine/state-files.ts';
import { type MachineSnapshot, takeSnapshot, whatIsLeft } from './machine-snapshot.ts';
import { projectDir, stackPaths } from './paths.ts';
import { descendants, readProcesses } from './processes.ts';
import { freeSubnet } from './test-run/free-subnet.ts';

/** A stack of this file's own; nothing else on the machine may change while these tests run. */
const stack = 'life';

interface Run {
  child: ChildProcess;
  /** Everything said so far. */
  said(): string;
  ended: Promise<number | null>;
}

function podferry(command: string): Run {
  const child = spawn(join(projectDir, 'podferry'), [command, '--stack', stack], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, said: () => said, ended };
}

/** Starts an `up` and waits until it says something. */
async function upUntil(words: RegExp): Promise<Run> {
  const run = podferry('up');
  const over = run.ended.then(() => 'over' as const);
  for (;;) {
    if (words.test(run.said())) return run;
    const next = await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 50))]);
    if (next === 'over') throw new Error(`up ended before it said ${words}:\n${run.said()}`);
  }
}

async function succeeds(command: string): Promise<string> {
  const run = podferry(command);
  expect(await run.ended, run.said()).toBe(0);
  return run.said();
}

function hosts(): Promise<string[]> {
  return podmanLines(['ps', '-aq', '--filter', `label=podferry.stack=${stack}`]);
}

let before: MachineSnapshot;

beforeAll(async () => {
  const subnet = freeSubnet((await readRoutes()).map((route) => route.destination));
  if (subnet === undefined) throw new Error('no subnet is free for this test');
  writeFileSync(stackPaths(stack).config, stringify({ config: { 'podferry:subnet': subnet } }));
});

beforeEach(async () => {
  before = await takeSnapshot();
});

afterEach(async () => {
  if ((await hosts()).length > 0) await podferry('down').ended;
});

afterAll(() => rmSync(stackPaths(stack).config, { force: true }));

async function expectNothingLeft(): Promise<void> {
  expect(await whatIsLeft(before)).toEqual([]);
  expect(existsSync(stackPaths(stack).dir)).toBe(false);
}

describe('a lab whose up is cut short', () => {
  it('goes on at the next up after everything was killed, and can be taken down with its hosts gone', async () => {
    const killed = await upUntil(/master-control-plane creating/);
    const pid = killed.child.pid ?? 0;
    for (const victim of [pid, ...descendants(pid, readProcesses())]) process.kill(victim, 'SIGKILL');
    await killed.ended;

    expect(await succeeds('up')).toContain('the lab is up');

    const containers = await hosts();
    expect(containers).toHaveLength(3);
    await podmanLines(['rm', '--force', '--time', '0', ...containers]);
    await succeeds('down');
    await expectNothingLeft();
  });

  it('stops at an interrupt, and down takes away what is there', async () => {
    const interrupted = await upUntil(/worker1-images creating/);
    interrupted.child.kill('SIGINT');
    expect(await interrupted.ended, interrupted.said()).toBe(130);
    await succeeds('down');
    await expectNothingLeft();
  });

  it('can be taken down with its state gone', async () => {
    const interrupted = await upUntil(/worker1-\S+ creating/);
    interrupted.child.kill('SIGINT');
    expect(await interrupted.ended, interrupted.said()).toBe(130);
    dropStackFiles(stack);
    await succeeds('down');
    await expectNothingLeft();
  });
});
