import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { it } from './target-fixtures.ts';

describe('an abort', () => {
  it('makes a target that nobody asked for yet refuse, durably', async ({ target, ask, onDisk }) => {
    const one = target();
    await one.abort('the source failed');
    expect(await onDisk()).toMatchObject({ state: 'refused' });
    expect(await ask(one)).toEqual({ verdict: 'refuse', reason: 'abort: the source failed' });
  });

  it('lets a waiting runtime go', async ({ target, stateOf, held }) => {
    const one = target();
    const { answer } = await held(one);
    await one.abort('changed my mind');
    expect(await answer).toEqual({ verdict: 'refuse', reason: 'abort: changed my mind' });
    await one.take(['app'], 5000, stateOf('app'));
    expect(one.document.state).toBe('refused');
  });

  it('wins over a state that is arriving', async ({ dir, restorer, target, stateOf, held }) => {
    const one = target();
    const { answer } = await held(one);
    let arrived = (): void => undefined;
    const arriving = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const taken = one.take(['app'], 5000, async (...asked) => {
      await arriving;
      return stateOf('app')(...asked);
    });
    await one.until(new Set(['fetching']), 1000);
    await one.abort('too late');
    arrived();
    await taken;
    expect(await answer).toEqual({ verdict: 'refuse', reason: 'abort: too late' });
    expect(one.document.state).toBe('refused');
    expect(restorer.done.filter((what) => what.startsWith('kill'))).toEqual(['kill']);
    expect([...restorer.forgotten]).toEqual(['app']);
    expect(existsSync(path.join(dir, 'staging'))).toBe(false);
  });

  it('kills a restore that is under way, after the record says so', async ({
    restorer,
    target,
    stateOf,
    held,
    restoredAndStarted,
    onDisk,
  }) => {
    const one = target();
    const { answer } = await held(one);
    const taken = one.take(['app'], 5000, stateOf('app'));
    await answer;
    let whenKilled: unknown;
    restorer.kill = async () => {
      whenKilled = await onDisk();
    };
    await one.abort('the source thawed');
    expect(whenKilled).toMatchObject({ state: 'refused' });
    await restoredAndStarted(one);
    await taken;
    expect(one.document.state).toBe('refused');
  });

  it('wins over a staged target, which then cannot be resumed', async ({ restorer, target, staged }) => {
    const one = target();
    await staged(one);
    await one.abort('the deadline is past');
    await one.resume();
    expect(one.document.state).toBe('refused');
    expect(restorer.done).toEqual(['prepare app', 'kill app']);
  });

  it('leaves a target that runs alone', async ({ restorer, target, staged }) => {
    const one = target();
    await staged(one);
    await one.resume();
    await one.abort('too late');
    expect(one.document.state).toBe('restored');
    expect(restorer.done).not.toContain('kill app');
  });
});
