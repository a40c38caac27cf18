import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ownerLives } from './locks.ts';

const lock = { hostname: hostname(), timestamp: new Date().toISOString() };

describe('the owner of a lock', () => {
  it('lives while its process does', () => {
    expect(ownerLives({ ...lock, pid: process.pid })).toBe(true);
  });

  it('is dead when there is no such process', () => {
    expect(ownerLives({ ...lock, pid: 2 ** 22 + 1 })).toBe(false);
  });

  it('is dead when its number went to a process that began after the lock was made', () => {
    expect(ownerLives({ ...lock, pid: process.pid, timestamp: '2020-01-01T00:00:00Z' })).toBe(false);
  });
});
