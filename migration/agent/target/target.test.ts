import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import type { Origin } from '../bundle.ts';
import { newTarget } from './record.ts';
import { ID, it, LINK, POD } from './target-fixtures.ts';

const CHECKPOINT: Origin = { kind: 'checkpoint', id: POD, path: 'redis' };

describe('a target of a move', () => {
  it('holds the runtime until the state is there, restores, and waits for the word before a task runs', async ({
    dir,
    restorer,
    target,
    stateOf,
    held,
    restoredAndStarted,
    onDisk,
  }) => {
    const one = target();
    const { answer } = await held(one);
    expect(one.document.podIPs).toEqual(['10.0.0.7']);
    const taken = one.take(['app'], 5000, stateOf('app'));
    expect(await answer).toMatchObject({ verdict: 'restore', workDir: '/log' });
    expect(await onDisk()).toMatchObject({ state: 'fetching', restored: [{ id: 'c-app' }] });
    await restoredAndStarted(one);
    await taken;
    await expect.poll(onDisk).toMatchObject({ state: 'staged' });
    expect(restorer.done).toEqual(['prepare app']);
    expect(existsSync(path.join(dir, 'staging'))).toBe(true);
    await one.resume();
    await expect.poll(() => existsSync(path.join(dir, 'staging'))).toBe(false);
    expect(await onDisk()).toMatchObject({ state: 'restored', failure: null });
    expect(restorer.done).toEqual(['prepare app', 'resume app']);
    expect(one.document.timings.map(({ name }) => name)).toEqual(['fetch', 'restore', 'start', 'resume']);
  });

  it('restores several containers as the kubelet asks for them, and is staged with the last', async ({
    restorer,
    target,
    stateOf,
    ask,
    held,
    restoredAndStarted,
    onDisk,
  }) => {
    const one = target();
    const both = ['app', 'web'];
    const { answer } = await held(one, both);
    const taken = one.take(['web', 'app'], 5000, stateOf('app', 'web'));
    await answer;
    await restoredAndStarted(one, 'app');
    expect(one.document.state).toBe('restoring');
    expect(await ask(one, 'web', { containers: both })).toMatchObject({ verdict: 'restore' });
    expect(await onDisk()).toMatchObject({ restored: [{ id: 'c-app' }, { id: 'c-web' }] });
    await restoredAndStarted(one, 'web');
    await taken;
    expect(one.document.state).toBe('staged');
    await one.resume();
    expect(restorer.done).toContain('resume app web');
  });

  it('lets no task go on before `restored` is on disk', async ({ dir, restorer, target, staged }) => {
    const one = target();
    await staged(one);
    let whenResumed: unknown;
    restorer.resume = () => {
      whenResumed = JSON.parse(readFileSync(path.join(dir, 'records', `${ID}.json`), 'utf8'));
    };
    await one.resume();
    expect(whenResumed).toMatchObject({ state: 'restored', resumed: false });
  });

  it('lets containers that have run to their end in the source end at once, each time until it runs', async ({
    restorer,
    target,
    ask,
    staged,
  }) => {
    const one = target();
    expect(await ask(one, 'init')).toEqual({ verdict: 'pass' });
    expect(await ask(one, 'init')).toEqual({ verdict: 'pass' });
    expect(restorer.done).toEqual(['end init', 'end init']);
    expect(one.document.state).toBe('absent');
    await staged(one);
    await one.resume();
    expect(await ask(one, 'job')).toEqual({ verdict: 'pass' });
    expect(restorer.done.slice(-1)).toEqual(['end job']);
  });

  it('starts containers fresh that are run again later', async ({ restorer, target, ask, known }) => {
    const one = target(known('restored', { done: ['init'] }));
    expect(await ask(one, 'app', { containerId: 'c-2' })).toEqual({ verdict: 'pass' });
    expect(await ask(one, 'init')).toEqual({ verdict: 'pass' });
    expect(restorer.done).toEqual([]);
  });

  it('is free again for the kubelet’s next try when the runtime that waited is gone', async ({
    startProcess,
    runtime,
    target,
    ask,
    held,
  }) => {
    const one = target();
    await held(one);
    await runtime.end();
    await one.until(new Set(['absent']), 5000);
    expect(one.document.state).toBe('absent');
    const again = await startProcess();
    void ask(one, 'app', { containerId: 'c-2', runtime: again.identity });
    await one.until(new Set(['waiting']), 1000);
    expect(one.document).toMatchObject({ state: 'waiting' });
  });
});

describe('a target of a checkpoint', () => {
  it('brings its state by itself, and needs nobody’s word to run', async ({
    restorer,
    target,
    stateOf,
    ask,
    restoredAndStarted,
  }) => {
    const one = target(newTarget(POD), POD);
    const answer = await ask(one, 'app', { origin: CHECKPOINT, bring: stateOf('app') });
    expect(answer).toMatchObject({ verdict: 'restore' });
    await restoredAndStarted(one);
    await one.until(new Set(['restored']), 2000);
    await expect.poll(() => restorer.done).toEqual(['prepare app', 'resume app']);
  });

  it('may be tried again when the state could not be fetched', async ({ target, stateOf, ask }) => {
    const one = target(newTarget(POD), POD);
    const bring = () => Promise.reject(new Error('no complete checkpoint there'));
    const first = await ask(one, 'app', { origin: CHECKPOINT, bring });
    expect(first).toEqual({ verdict: 'refuse', reason: 'fetch: no complete checkpoint there' });
    expect(one.document).toMatchObject({ state: 'absent', failure: { step: 'fetch' } });
    const again = ask(one, 'app', { origin: CHECKPOINT, bring: stateOf('app'), containerId: 'c-2' });
    expect(await again).toMatchObject({ verdict: 'restore' });
  });
});

describe('a target that takes over an address', () => {
  it('has it from the moment on in which it may run, and is resumed again when that failed', async ({
    restorer,
    target,
    staged,
  }) => {
    restorer.taken = LINK;
    const one = target();
    await staged(one);
    expect(restorer.done.join()).not.toContain('open');
    const open = restorer.open;
    restorer.open = () => Promise.reject(new Error('no such device'));
    await expect(one.resume()).rejects.toThrow('no such device');
    expect(restorer.done.join()).not.toContain('resume');
    restorer.open = open;
    await one.resume();
    expect(restorer.done.slice(-2)).toEqual(['open 10.244.1.7', 'resume app']);
    await expect.poll(() => restorer.done.at(-1)).toBe('announce 10.244.1.7');
  });
});
