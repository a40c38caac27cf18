import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withHostName } from './host-name.ts';

const name = fc.stringMatching(/^[a-z0-9.-]{1,64}$/);

/** As CRIU writes it: two words of magic, the length, nodename and domainname. */
function image(nodeName: string, domainName: string): Buffer {
  const field = (key: number, value: string) =>
    Buffer.concat([Buffer.from([key, value.length]), Buffer.from(value)]);
  const entry = Buffer.concat([field(0x0a, nodeName), field(0x12, domainName)]);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0x54564319, 0);
  head.writeUInt32LE(0x54473203, 4);
  head.writeUInt32LE(entry.length, 8);
  return Buffer.concat([head, entry]);
}

describe('withHostName', () => {
  it('changes the node name and nothing else', () => {
    fc.assert(
      fc.property(name, name, name, (before, after, domain) => {
        expect(withHostName(image(before, domain), after)).toEqual(image(after, domain));
      }),
    );
  });

  it('refuses what is no such image', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(() => withHostName(Buffer.from(bytes), 'x')).toThrow();
      }),
    );
  });

  it('refuses a name that is too long', () => {
    expect(() => withHostName(image('a', 'b'), 'x'.repeat(200))).toThrow(/128/);
  });
});
