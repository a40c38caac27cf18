import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CancelledError } from '../protocol/errors.ts';
import { type LocalCommandInputs, localCommandSchema } from './inputs.ts';
import { runLocal } from './local-command.ts';
import { testContext } from './test-context.ts';

const nothing = { stdout: '', stderr: '' };
const open = (text: string): string => text;

describe('runLocal', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podferry-local-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  function run(command: string, inputs: Partial<LocalCommandInputs> = {}, previous = nothing) {
    const context = testContext();
    const result = runLocal(command, localCommandSchema.parse(inputs), previous, context, open);
    return { context, result };
  }

  it('resolves with both outputs, one newline trimmed', async () => {
    await expect(run('echo out; echo; echo err >&2').result).resolves.toEqual({
      stdout: 'out\n',
      stderr: 'err',
    });
  });

  it('gives the command its input, folder, environment and interpreter', async () => {
    const { result } = run('import sys, os; print(sys.stdin.read(), os.environ["A"], os.getcwd())', {
      stdin: 'in',
      environment: { A: 'a' },
      dir: folder,
      interpreter: ['python3', '-c'],
    });
    await expect(result).resolves.toMatchObject({ stdout: `in a ${folder}` });
  });

  it('hands over what the last run wrote, unless told not to', async () => {
    const show = 'echo "$PULUMI_COMMAND_STDOUT-$PULUMI_COMMAND_STDERR"';
    const previous = { stdout: 'o', stderr: 'e' };
    await expect(run(show, {}, previous).result).resolves.toMatchObject({ stdout: 'o-e' });
    const without = run(show, { addPreviousOutputInEnv: false }, previous);
    await expect(without.result).resolves.toMatchObject({ stdout: '-' });
  });

  it('does not mind a command that leaves its input unread', async () => {
    await expect(run('exit 0', { stdin: 'x'.repeat(1_000_000) }).result).resolves.toEqual(nothing);
  });

  it('fails with exit code, command and last output', async () => {
    await expect(run('echo before; echo why >&2; exit 7').result).rejects.toThrow(
      'exit status 7: running "echo before; echo why >&2; exit 7":\nbefore\nwhy',
    );
  });

  it('says what cannot be started', async () => {
    await expect(run('x', { interpreter: ['/no/such/shell'] }).result).rejects.toThrow(
      'cannot start /no/such/shell: spawn /no/such/shell ENOENT',
    );
  });

  it('shows lines while it runs as far as logging allows', async () => {
    const command = 'echo out; printf half >&2';
    const lines = async (logging: LocalCommandInputs['logging']): Promise<string[]> => {
      const { context, result } = run(command, { logging });
      await result;
      return context.messages.sort();
    };
    expect(await lines(undefined)).toEqual(['half', 'out']);
    expect(await lines('stdout')).toEqual(['out']);
    expect(await lines('stderr')).toEqual(['half']);
    expect(await lines('none')).toEqual([]);
  });

  it('keeps standard output out of errors when logging is off', async () => {
    await expect(run('echo token; echo why >&2; exit 1', { logging: 'none' }).result).rejects.toThrow(
      /exit 1":\nwhy$/,
    );
  });

  it('ends everything the command started when it is cancelled, other process groups too', async () => {
    const mark = join(folder, 'mark');
    const script = join(folder, 'script');
    await writeFile(script, `trap 'echo ended >> ${mark}; exit' TERM; echo started; sleep 60 & wait\n`);
    const { context, result } = run(`timeout 60 sh ${script}; echo not reached`);
    const ended = expect(result).rejects.toThrow(/^cancelled: ended by SIGTERM: running "timeout 60/);
    await context.message('started');
    context.abort(new CancelledError('cancelled'));
    await ended;
    await expect.poll(() => readFile(mark, 'utf8').catch(() => '')).toMatch(/^(ended\n)+$/);
  });

  it('does not begin when it is cancelled already', async () => {
    const context = testContext();
    context.abort(new CancelledError('cancelled'));
    const inputs = localCommandSchema.parse({});
    await expect(runLocal(`touch ${folder}/x`, inputs, nothing, context, open)).rejects.toThrow('cancelled');
    await sleep(0);
    await expect(readFile(`${folder}/x`)).rejects.toThrow('ENOENT');
  });
});
