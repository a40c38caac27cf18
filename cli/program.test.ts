import { describe, expect, it, vi } from 'vitest';
import type { Call } from './context.ts';
import { buildProgram, isHelp, parseStackName } from './program.ts';

/** Runs a command line up to the point where its work would begin. */
async function called(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ name: string; call: Call }> {
  let seen: { name: string; call: Call } | undefined;
  const program = buildProgram(async (name, call) => {
    seen = { name, call };
  }, env);
  await program.parseAsync(['node', 'podferry', ...args]);
  if (seen === undefined) throw new Error('no command was run');
  return seen;
}

/** What a wrong command line, or a request for help, ends with. */
async function refused(args: string[]): Promise<{ error: unknown; shown: string }> {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const help = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const error: unknown = await called(args).catch((reason: unknown) => reason);
    return { error, shown: [...write.mock.calls, ...help.mock.calls].map(([text]) => String(text)).join('') };
  } finally {
    write.mockRestore();
    help.mockRestore();
  }
}

describe('the command line', () => {
  it('takes --stack before and after the command, and the later one wins', async () => {
    expect((await called(['up'])).call.stack).toBe('lab');
    expect((await called(['--stack', 'one', 'up'])).call.stack).toBe('one');
    expect((await called(['up', '-s', 'two'])).call.stack).toBe('two');
    expect((await called(['--stack', 'one', 'up', '--stack=two'])).call.stack).toBe('two');
  });

  it('takes the stack from PODFERRY_STACK, but gives `test` one of its own', async () => {
    const env = { PODFERRY_STACK: 'mine' };
    expect((await called(['down'], env)).call.stack).toBe('mine');
    expect((await called(['test'], env)).call.stack).toBe('test');
    expect((await called(['test', '--stack', 'mine'], env)).call.stack).toBe('mine');
  });

  it('asks nothing without a terminal', async () => {
    expect((await called(['up'])).call).toMatchObject({ yes: true, terminal: false });
  });

  it('leaves options after the first argument to the program that is run', async () => {
    for (const args of [
      ['pulumi', 'up', '--stack', 'other', '--help'],
      ['kubectl', 'get', 'pods', '-s', 'x', '-y'],
      ['ssh', 'worker1', 'ls', '--help'],
    ])
      expect((await called(args)).call.stack).toBe('lab');
  });

  it('takes its own options before what is passed on', async () => {
    expect((await called(['kubectl', '--stack', 'two', 'get', 'pods', '-A'])).call.stack).toBe('two');
  });

  it('has help for every command', async () => {
    const names = buildProgram(async () => undefined, {}).commands.map((command) => command.name());
    expect(names).toEqual(
      expect.arrayContaining([
        'up',
        'down',
        'smoke',
        'test',
        'pulumi',
        'kubectl',
        'ssh',
        'env',
        'doctor',
        'evidence',
      ]),
    );
    for (const name of names) {
      const { error, shown } = await refused([name, '--help']);
      expect(isHelp(error)).toBe(true);
      expect(shown).toContain(`Usage: podferry ${name}`);
    }
  });

  it('refuses what it does not know', async () => {
    for (const args of [
      ['upp'],
      ['up', '--nope'],
      ['up', '--stack', 'Not_A_Name'],
      ['evidence'],
      ['ssh'],
      ['power', 'worker1'],
      ['power', 'worker1', 'maybe'],
      ['up', 'extra'],
      ['test', '--static', '--full'],
    ]) {
      const { error } = await refused(args);
      expect(error, args.join(' ')).toMatchObject({ code: expect.stringMatching(/^commander\./) });
      expect(isHelp(error), args.join(' ')).toBe(false);
    }
  });
});

describe('names of stacks', () => {
  it('are what containers and networks can be named after', () => {
    for (const name of ['a', 'lab', 'lab-2', 'a2345678901234567890'.slice(0, 20)])
      expect(parseStackName(name)).toBe(name);
    for (const name of ['', '-lab', 'lab-', '1lab', 'Lab', 'a/b', 'x'.repeat(21)])
      expect(() => parseStackName(name), name).toThrow('stack name');
  });
});
