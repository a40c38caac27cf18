import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Logging } from './inputs.ts';
import { OutputCollector } from './output.ts';
import { testContext } from './test-context.ts';

function collector(logging?: Logging) {
  const context = testContext();
  const output = new OutputCollector(context, logging, (text) => text.replaceAll('token', '[secret]'));
  return { output, shown: context.messages };
}

describe('OutputCollector', () => {
  it('keeps the text and shows its lines, however it is cut into pieces', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', 'é', '€', '😀') });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (written, size) => {
        const { output, shown } = collector();
        const bytes = Buffer.from(written);
        for (let at = 0; at < bytes.length; at += size) output.add('stdout', bytes.subarray(at, at + size));
        const trimmed = written.endsWith('\n') ? written.slice(0, -1) : written;
        expect(output.finish()).toEqual({ stdout: trimmed, stderr: '' });
        expect(shown.join('\n')).toBe(trimmed);
      }),
    );
  });

  it('masks what it shows, and shows no more than the beginning of a long line', () => {
    const { output, shown } = collector();
    output.add('stdout', Buffer.from(`a token\n${'x'.repeat(5_000)}\n`));
    expect(shown[0]).toBe('a [secret]');
    expect(shown[1]?.length).toBeLessThan(1_100);
    expect(output.finish().stdout.length).toBe(5_008);
  });

  it('keeps the last words of both streams, of standard error alone when logging is off', () => {
    const speak = (logging?: Logging): string => {
      const { output } = collector(logging);
      output.add('stdout', Buffer.from('out\n'));
      output.add('stderr', Buffer.from('err\n'));
      return output.lastWords();
    };
    expect(speak()).toBe('out\nerr');
    expect(speak('none')).toBe('err');
  });
});
