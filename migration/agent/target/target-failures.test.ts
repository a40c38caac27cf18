import { describe, expect } from 'vitest';
import { it, LINK, POD } from './target-fixtures.ts';

describe('a target of a move', () => {
  it('is not staged before the shim has started the last container', async ({
    restorer,
    self,
    target,
    stateOf,
    held,
  }) => {
    const one = target();
    const { answer } = await held(one);
    const taken = one.take(['app'], 300, stateOf('app'));
    await answer;
    restorer.restored('app', self);
    await taken;
    expect(one.document).toMatchObject({ state: 'failed', failure: { step: 'restore' } });
    expect(restorer.done).toContain('kill app');
  });

  it.for(['failed', 'refused'] as const)(
    'refuses for ever once it is %s',
    async (state, { restorer, target, ask, known }) => {
      const failure = { step: 'restore', message: 'no luck', criuLog: [] };
      const one = target(known(state, { failure }));
      const refusal = { verdict: 'refuse', reason: 'restore: no luck' };
      expect(await ask(one, 'app', { containerId: 'c-2' })).toEqual(refusal);
      expect(await ask(one, 'init')).toEqual(refusal);
      await one.resume();
      expect(restorer.done).toEqual([]);
    },
  );

  it('fails with CRIU’s words, and kills what was restored before', async ({
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
    const taken = one.take(both, 5000, stateOf('app', 'web'));
    await answer;
    await restoredAndStarted(one, 'app');
    await ask(one, 'web', { containers: both });
    restorer.failed('web');
    await taken;
    expect(await onDisk()).toMatchObject({
      state: 'failed',
      failure: { message: 'CRIU cannot', criuLog: ['Error'] },
    });
    expect(restorer.done).toContain('kill app web');
    await one.resume();
    expect(restorer.done.join()).not.toContain('resume');
  });

  it('fails when a stopped container has ended and is asked for again', async ({
    target,
    ask,
    staged,
    onDisk,
  }) => {
    const one = target();
    await staged(one);
    expect(await ask(one, 'app', { containerId: 'c-2' })).toMatchObject({ verdict: 'refuse' });
    expect(await onDisk()).toMatchObject({ state: 'failed' });
  });

  it('never says that it runs when a container has ended while it was stopped', async ({
    restorer,
    startProcess,
    target,
    staged,
  }) => {
    const task = await startProcess();
    const one = target();
    await staged(one, task.identity);
    await task.end();
    await one.resume();
    expect(one.document).toMatchObject({ state: 'failed', failure: { step: 'start' } });
    expect(restorer.done.join()).not.toContain('resume');
  });

  it('fails when the state does not arrive, and lets the runtime go', async ({ restorer, target, held }) => {
    const one = target();
    const { answer } = await held(one);
    await one.take(['app'], 5000, () => Promise.reject(new Error('the connection broke')));
    expect(await answer).toMatchObject({ verdict: 'refuse' });
    expect(one.document).toMatchObject({ state: 'failed', failure: { message: 'the connection broke' } });
    expect(restorer.done).toEqual(['kill']);
  });

  it('fails at once when nobody waits, so that nobody can come too late', async ({
    target,
    stateOf,
    ask,
  }) => {
    const one = target();
    await one.take(['app'], 5000, stateOf('app'));
    expect(one.document.state).toBe('failed');
    expect(await ask(one)).toMatchObject({ verdict: 'refuse' });
  });

  it('fails when the state is of other containers than those that wait', async ({
    target,
    stateOf,
    held,
  }) => {
    const one = target();
    const { answer } = await held(one);
    await one.take(['other'], 5000, stateOf('other'));
    expect(await answer).toMatchObject({ verdict: 'refuse' });
    expect(one.document.failure?.message).toContain('is of containers other, the pod waits for app');
  });

  it('fails when the state lacks the images of a container', async ({ target, stateOf, held }) => {
    const one = target();
    await held(one);
    await one.take(['app'], 5000, stateOf('other'));
    expect(one.document.failure?.message).toContain("no images of container 'app'");
  });

  it('refuses a pod that a state does not belong to', async ({ target, bundleOf, ask, held }) => {
    const one = target();
    await held(one);
    expect(await ask(one, 'app', { bundle: bundleOf('app', 'pod-2') })).toMatchObject({ verdict: 'refuse' });
    expect(one.document).toMatchObject({ state: 'waiting', podUid: POD });
  });
});

describe('a resume that cannot be recorded', () => {
  it('lets no task go on, leaves the pod dark, and can be tried again', async ({
    records,
    restorer,
    target,
    staged,
  }) => {
    restorer.taken = LINK;
    const one = target();
    await staged(one);
    const save = records.save.bind(records);
    records.save = () => Promise.reject(new Error('no space left on device'));
    await expect(one.resume()).rejects.toThrow('no space');
    expect(one.document.state).toBe('staged');
    expect(restorer.done.join()).not.toContain('resume');
    expect(restorer.done.at(-1)).toBe('darken 10.244.1.7');
    records.save = save;
    await one.resume();
    expect(one.document.state).toBe('restored');
    expect(restorer.done.slice(-2)).toEqual(['open 10.244.1.7', 'resume app']);
  });
});
