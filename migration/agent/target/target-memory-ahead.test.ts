import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect } from 'vitest';
import type { Target } from './target.ts';
import { it } from './target-fixtures.ts';

/** Sends memory ahead to a target. */
const take = (one: Target) =>
  one.ahead().take(async ({ staging }) => writeFile(path.join(staging, 'pages'), 'memory'));

describe('memory that is sent ahead', () => {
  it('is taken only for a pod that waits', async ({ dir, target, held }) => {
    const one = target();
    expect(() => one.ahead()).toThrow('the target is absent, not waiting');
    await held(one);
    await take(one);
    expect(existsSync(path.join(dir, 'ahead', '0', 'pages'))).toBe(true);
    expect(one.document.state).toBe('waiting');
  });

  it('goes with a target that is aborted, also while more of it comes', async ({ dir, target, held }) => {
    const one = target();
    await held(one);
    await take(one);
    const ahead = one.ahead();
    let finish: (() => void) | undefined;
    const more = ahead.take(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    more.catch(() => undefined);
    const aborted = one.abort('changed my mind');
    await expect.poll(() => finish).toBeDefined();
    finish?.();
    await aborted;
    expect(existsSync(path.join(dir, 'ahead'))).toBe(false);
    await expect(ahead.take(async () => undefined)).rejects.toThrow('takes no memory ahead any more');
  });

  it('goes with the runtime that waited', async ({ dir, runtime, target, held }) => {
    const one = target();
    await held(one);
    await take(one);
    await runtime.end();
    await one.until(new Set(['absent']), 5000);
    await expect.poll(() => existsSync(path.join(dir, 'ahead'))).toBe(false);
  });
});
