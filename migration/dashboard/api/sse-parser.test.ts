import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseMessage, SseParser } from './sse-parser.ts';

describe('a stream of events', () => {
  it('has events of several lines, comments and ids', () => {
    const parser = new SseParser();
    const text = ': hello\nevent: migration\nid: 7\ndata: {"a":\ndata: 1}\n\ndata:bare\n\n: beat\n\n';
    expect(parser.feed(text)).toEqual([
      { event: 'migration', data: '{"a":\n1}' },
      { event: 'message', data: 'bare' },
    ]);
    expect(parser.lastId).toBe('7');
  });

  it('keeps back what is not complete', () => {
    const parser = new SseParser();
    expect(parser.feed('data: cut o')).toEqual([]);
    expect(parser.feed('ff\r\n')).toEqual([]);
    expect(parser.feed('\r\n')).toEqual([{ event: 'message', data: 'cut off' }]);
  });

  it('means the same however it was cut', () => {
    const line = fc.string().filter((text) => !/[\r\n]/.test(text));
    const event = fc.record({ event: fc.constantFrom('a', 'b'), data: fc.array(line, { minLength: 1 }) });
    const newline = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(fc.array(event), newline, fc.array(fc.nat(200)), (events, end, cuts) => {
        const text = events
          .map((one) => [`event: ${one.event}`, ...one.data.map((part) => `data: ${part}`), '', ''].join(end))
          .join('');
        const parser = new SseParser();
        const read: SseMessage[] = [];
        let rest = text;
        for (const cut of cuts) {
          read.push(...parser.feed(rest.slice(0, cut)));
          rest = rest.slice(cut);
        }
        read.push(...parser.feed(rest));
        expect(read).toEqual(events.map((one) => ({ event: one.event, data: one.data.join('\n') })));
      }),
    );
  });
});
