import { describe, expect, it } from 'vitest';
import { firstCause, tellingLines } from './criu-log.ts';

const FAILED = `(00.000001) Version: 4.2.1
(00.001000) Warn  (criu/kerndat.c:1153): $XDG_RUNTIME_DIR not set.
(00.027727)      1: Error (criu/sk-inet.c:1059): inet: Can't bind inet socket (id 10): Cannot assign requested address
(00.028750) Error (criu/cr-restore.c:2331): Restoring FAILED.
`;

describe('tellingLines', () => {
  it('keeps the errors of a log that has some', () => {
    expect(tellingLines(FAILED).map((line) => line.slice(0, 11))).toEqual(['(00.027727)', '(00.028750)']);
  });

  it('keeps the warnings of a log without errors', () => {
    const log = FAILED.split('\n').slice(0, 2).join('\n');
    expect(tellingLines(log)).toEqual(['(00.001000) Warn  (criu/kerndat.c:1153): $XDG_RUNTIME_DIR not set.']);
  });

  it('keeps the last twenty', () => {
    const log = Array.from({ length: 50 }, (_, n) => `(00.1) Error (x.c:1): ${n}`).join('\n');
    expect(tellingLines(log)).toHaveLength(20);
    expect(tellingLines(log).at(-1)).toContain(': 49');
  });

  it('has nothing to say about an empty log', () => {
    expect(tellingLines('')).toEqual([]);
  });
});

describe('firstCause', () => {
  it('is the first line without its stamps', () => {
    expect(firstCause(tellingLines(FAILED))).toBe(
      "inet: Can't bind inet socket (id 10): Cannot assign requested address",
    );
  });

  it('is empty without lines', () => {
    expect(firstCause([])).toBe('');
  });
});
