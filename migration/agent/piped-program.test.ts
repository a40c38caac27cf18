import { describe, expect, it } from 'vitest';
import { startFilter, startReading } from './piped-program.ts';

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a piped program', () => {
  it('is written to and read from', async () => {
    const filter = startFilter('tr', ['a-z', 'A-Z'], 10_000);
    filter.stdin.end('state');
    expect(await text(filter.stdout)).toBe('STATE');
    expect(await filter.failure).toBeUndefined();
  });

  it('fails in its own words', async () => {
    const program = startReading('sh', ['-c', 'echo half; echo no more >&2; echo left >&2; exit 3'], 10_000);
    expect(await text(program.stdout)).toBe('half\n');
    expect(await program.failure).toBe('no more; left');
  });

  it('is ended when it takes too long, or nobody wants it any more', async () => {
    expect(await startReading('sleep', ['60'], 20).failure).toContain('took too long');
    const program = startReading('sleep', ['60'], 60_000);
    program.kill();
    expect(await program.failure).toContain('was given up');
  });

  it('that is not there says so', async () => {
    expect(await startReading('/no/such/program', [], 1000).failure).toContain('cannot be started');
  });
});
