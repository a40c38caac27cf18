import { describe, expect, it } from 'vitest';
import { ProgramFailed, run } from './run.ts';

describe('run', () => {
  it('gives what the program printed', async () => {
    expect(await run('sh', ['-c', 'cat; echo not this >&2'], { timeoutSeconds: 10, stdin: 'hello' })).toBe(
      'hello',
    );
  });

  it('fails with the exit status and the end of the output', async () => {
    const failing = run('sh', ['-c', 'echo reason >&2; exit 3'], { timeoutSeconds: 10 });
    await expect(failing).rejects.toThrow(/exited with 3; the last it said:\nreason/);
    await expect(failing).rejects.toBeInstanceOf(ProgramFailed);
  });

  it('names a program that is not there', async () => {
    await expect(run('podferry-no-such-program', [], { timeoutSeconds: 10 })).rejects.toThrow('ENOENT');
  });

  it('ends a program at its deadline', async () => {
    const late = run('sleep', ['60'], { timeoutSeconds: 0.05 });
    await expect(late).rejects.toThrow('did not end within 0.05 s');
  });

  it('ends a program when told to', async () => {
    const stop = new AbortController();
    const stopped = run('sleep', ['60'], { timeoutSeconds: 30, signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toBeInstanceOf(ProgramFailed);
  });
});
