import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WaitingPrograms } from './waiting-programs.ts';

let dir: string;
let programs: WaitingPrograms;
const noted = async (): Promise<string[]> =>
  (await readFile(path.join(dir, 'noted'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-programs-'));
  const file = path.join(dir, 'program');
  await writeFile(
    file,
    `#!/bin/sh
[ "$1" = when-told ] || { echo "ran $*" | tee -a '${dir}/noted'; exit; }
echo "waits: $*" >>'${dir}/noted'
read -r word && [ "$word" = go ] || exit 1
echo "told: $*" >>'${dir}/noted'
[ "$2" != fail ]
`,
  );
  await chmod(file, 0o755);
  programs = new WaitingPrograms(file, 5000);
});
afterEach(() => rm(dir, { recursive: true }));

/** One that waits by now. */
async function waiting(...words: [string, string, ...string[]]): Promise<void> {
  programs.start(words, 5000);
  await expect.poll(noted).toEqual([`waits: when-told ${words.join(' ')}`]);
}

describe('a program that waits', () => {
  it('goes on when the same is asked for', async () => {
    await waiting('open', '10.0.0.1', 'veth1');
    expect(await programs.run('open', '10.0.0.1', 'veth1')).toBe('');
    expect(await noted()).toEqual([
      'waits: when-told open 10.0.0.1 veth1',
      'told: when-told open 10.0.0.1 veth1',
    ]);
    expect(await programs.run('open', '10.0.0.1', 'veth1')).toBe('ran open 10.0.0.1 veth1\n');
  });

  it('is not used for anything else', async () => {
    await waiting('open', '10.0.0.1', 'veth1');
    expect(await programs.run('open', '10.0.0.1', 'veth2')).toBe('ran open 10.0.0.1 veth2\n');
    expect(await programs.run('open', '10.0.0.2', 'veth1')).toBe('ran open 10.0.0.2 veth1\n');
    programs.end('open', '10.0.0.1');
  });

  it('is run anew when it failed', async () => {
    await waiting('fail', '10.0.0.1');
    expect(await programs.run('fail', '10.0.0.1')).toBe('ran fail 10.0.0.1\n');
  });

  it('does nothing when it is ended, or waits for too long', async () => {
    await waiting('open', '10.0.0.1');
    programs.end('open', '10.0.0.1');
    programs.start(['open', '10.0.0.2'], 20);
    await expect.poll(() => programs.run('open', '10.0.0.2')).toBe('ran open 10.0.0.2\n');
    expect((await noted()).filter((line) => line.startsWith('told: when-told open 10.0.0.1'))).toEqual([]);
  });
});
