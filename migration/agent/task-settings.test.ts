import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTaskSettings } from './source/read-task-settings.ts';
import { giveTaskSettings } from './target/give-task-settings.ts';
import type { RestoredContainer } from './target/record.ts';
import { cpusOf, innerId, TASK_SETTINGS_FILE } from './task-settings.ts';

let dir: string;
const sleepers: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'podferry-task-settings-'));
});

afterEach(() => {
  for (const sleeper of sleepers.splice(0)) sleeper.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

/** The first process of a pid namespace of its own. @returns its pid out here */
async function firstProcess(): Promise<number> {
  const script = 'echo ready; exec sleep 60';
  const sleeper = spawn('unshare', ['--pid', '--fork', '--kill-child', 'sh', '-c', script]);
  sleepers.push(sleeper);
  await new Promise((resolve) => sleeper.stdout.once('data', resolve));
  await sleep(10);
  const children = `/proc/${sleeper.pid}/task/${sleeper.pid}/children`;
  return Number(readFileSync(children, 'latin1').trim());
}

/** A container whose cgroup holds these processes. */
function containerOf(pids: readonly number[]): RestoredContainer {
  writeFileSync(path.join(dir, 'cgroup.procs'), `${pids.join('\n')}\n`);
  const gone = { pid: 1, startTime: 0 };
  const cgroup = { version: 1, path: dir } as const;
  return { name: 'main', id: 'c-1', bundle: dir, cgroup, runtime: gone, init: null, started: false };
}

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'latin1');
const filterOf = (pid: number): string => readFileSync(`/proc/${pid}/coredump_filter`, 'latin1').trim();

describe('what CRIU carries of no task', () => {
  it('is read of those that have their own, and given to their likes', async () => {
    const [before, after] = await Promise.all([firstProcess(), firstProcess()]);
    const usual = cpusOf(statusOf(before));
    expect(readTaskSettings([before], usual)).toEqual([]);
    writeFileSync(
      path.join(dir, TASK_SETTINGS_FILE),
      JSON.stringify([{ task: '1', cpus: '0', coreFilter: '7f' }]),
    );
    await giveTaskSettings(containerOf([before]), dir);

    const read = readTaskSettings([before], 'other than any');
    expect(read).toEqual([{ task: '1', cpus: '0', coreFilter: '0000007f' }]);

    writeFileSync(path.join(dir, TASK_SETTINGS_FILE), JSON.stringify(read));
    await giveTaskSettings(containerOf([after]), dir);
    expect([cpusOf(statusOf(after)), filterOf(after)]).toEqual(['0', '0000007f']);
  });

  it('is given to nobody when nobody had it, or has ended', async () => {
    const pid = await firstProcess();
    const before = [cpusOf(statusOf(pid)), filterOf(pid)];
    await giveTaskSettings(containerOf([pid]), dir);
    writeFileSync(path.join(dir, TASK_SETTINGS_FILE), JSON.stringify([{ task: '77', cpus: '0' }]));
    await giveTaskSettings(containerOf([pid]), dir);
    expect([cpusOf(statusOf(pid)), filterOf(pid)]).toEqual(before);
    expect(readTaskSettings([2 ** 22 + 1], '0')).toEqual([]);
  });

  it.each([
    ['no CPU of this node', JSON.stringify([{ task: '1', cpus: '8000' }])],
    ['no list of CPUs', JSON.stringify([{ task: '1', cpus: '--help' }])],
    ['no JSON', '['],
  ])('fails the restore when it is %s', async (_, content) => {
    writeFileSync(path.join(dir, TASK_SETTINGS_FILE), content);
    const container = containerOf([await firstProcess()]);
    await expect(giveTaskSettings(container, dir)).rejects.toMatchObject({
      step: 'restore',
      message: expect.stringContaining("container 'main'"),
    });
  });

  it('knows tasks by their ids inside', () => {
    expect(innerId('Pid:\t5\nNSpid:\t500\t5\n')).toBe('5');
    expect(innerId('NSpid:\t500\t50\t5\n')).toBe('50/5');
    expect(innerId('NSpid:\t500\n')).toBeUndefined();
  });
});
