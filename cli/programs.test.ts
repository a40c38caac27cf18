import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Journal } from './journal.ts';
import { capture, findProgram, mustCapture, stream } from './programs.ts';

const dir = mkdtempSync(join(tmpdir(), 'podferry-programs-'));
const journal = new Journal('test', dir);
afterAll(() => rmSync(dir, { recursive: true }));

describe('a short program', () => {
  it('gets its arguments as they are, and answers what it says', async () => {
    const args = ['a b', "it's", '$HOME', '*', ''];
    const answer = await capture('printf', ['%s|', ...args], { timeoutSeconds: 10 });
    expect(answer).toEqual({ code: 0, stdout: "a b|it's|$HOME|*||", stderr: '' });
  });

  it('gets its input, and an empty one when there is none', async () => {
    expect((await capture('cat', [], { timeoutSeconds: 10, input: 'x' })).stdout).toBe('x');
    expect((await capture('cat', [], { timeoutSeconds: 10 })).stdout).toBe('');
  });

  it('tells failure, absence and lateness apart', async () => {
    expect((await capture('sh', ['-c', 'exit 7'], { timeoutSeconds: 10 })).code).toBe(7);
    expect((await capture('no-such-program', [], { timeoutSeconds: 10 })).code).toBe(127);
    expect((await capture('sleep', ['30'], { timeoutSeconds: 0.2 })).code).toBe(124);
  });

  it('that must not fail says what was attempted and the last that it said', async () => {
    const attempt = mustCapture('making tea', 'sh', ['-c', 'echo no water >&2; exit 3'], {
      timeoutSeconds: 10,
    });
    await expect(attempt).rejects.toThrow(/making tea: `sh -c` failed \(exit code 3\)\nno water/);
  });
});

describe('a long program', () => {
  const options = { env: process.env, journal, terminal: false, timeoutSeconds: 30 };

  it('is shown line by line, the last one too', async () => {
    const lines: string[] = [];
    const script = 'printf "one\\ntw"; sleep 0.05; printf "o\\nthree"; echo err >&2; exit 4';
    const { code } = await stream('sh', ['-c', script], { ...options, onLine: (line) => lines.push(line) });
    expect(code).toBe(4);
    expect([...lines].sort()).toEqual(['err', 'one', 'three', 'two']);
  });

  it('is asked to stop when its time is up', async () => {
    const script = 'trap "echo stopping; exit 9" INT; while :; do sleep 0.05; done';
    const lines: string[] = [];
    const result = await stream('sh', ['-c', script], {
      ...options,
      timeoutSeconds: 0.3,
      onLine: (line) => lines.push(line),
    });
    expect(result).toEqual({ code: 9, timedOut: true });
    expect(lines).toContain('stopping');
  });

  it('that does not exist is a failure', async () => {
    await expect(stream('no-such-program', [], options)).rejects.toThrow('cannot start no-such-program');
  });
});

describe('the search for a program', () => {
  it('looks along PATH and can leave folders out', () => {
    expect(findProgram('sh', '/nowhere:/bin')).toBe('/bin/sh');
    expect(findProgram('sh', '/bin', ['/bin'])).toBeUndefined();
    expect(findProgram('sh', '')).toBeUndefined();
  });
});
