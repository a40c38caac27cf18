import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { PodState } from './pod-state.ts';
import type { Bring } from './staging.ts';
import type { Target } from './target.ts';
import { it as base } from './target-fixtures.ts';

/** A state of which the first file has come, and the rest comes when the test says so. */
const it = base.extend(
  'arriving',
  ({ dir, stateOf }) =>
    (): { bring: Bring; end: (error?: Error) => void } => {
      let end: (error?: Error) => void = () => undefined;
      const rest = new Promise<void>((resolve, reject) => {
        end = (error) => (error === undefined ? resolve() : reject(error));
      });
      const bring: Bring = async (deadline, bundle, warmUp) => {
        await stateOf('app')(deadline, bundle, warmUp);
        const state = new PodState(path.join(dir, 'staging'), path.join(dir, 'pods'));
        state.deliverEarly('app/image/descriptors.json', bundle, warmUp);
        await rest;
        return state;
      };
      return { bring, end: (error) => end(error) };
    },
);

describe('a runtime whose state is arriving', () => {
  it('is started as soon as what it reads first is there, and goes on when all is', async ({
    dir,
    restorer,
    target,
    held,
    arriving,
    restoredAndStarted,
  }) => {
    const one = target();
    const { answer } = await held(one);
    const { bring, end } = arriving();
    const taken = one.take(['app'], 5000, bring);
    expect(await answer).toEqual({
      verdict: 'restore',
      imageDir: path.join(dir, 'staging/app/image'),
      workDir: '/log',
      gate: '/log/gate',
    });
    expect(one.document.state).toBe('fetching');
    expect(restorer.done).toEqual(['prepare app']);
    end();
    await one.until(new Set(['restoring']), 1000);
    expect(restorer.done).toEqual(['prepare app', 'open gate']);
    await restoredAndStarted(one);
    await taken;
    expect(one.document.state).toBe('staged');
    expect(restorer.done).toEqual(['prepare app', 'open gate', 'remove gate']);
  });

  it.for<[string, (one: Target, end: (error: Error) => void) => void, string]>([
    ['the move is aborted', (one) => void one.abort('changed my mind'), 'refused'],
    ['the state breaks off', (_one, end) => end(new Error('cut')), 'failed'],
  ])(
    'is ended, and restores nothing, when %s',
    async ([_, act, state], { restorer, target, held, arriving }) => {
      const one = target();
      const { answer } = await held(one);
      const { bring, end } = arriving();
      const taken = one.take(['app'], 5000, bring);
      await answer;
      act(one, end);
      await one.until(new Set([state as 'refused']), 1000);
      end();
      await taken;
      expect(one.document.state).toBe(state);
      expect(restorer.done).toContain('close gate');
      expect(restorer.done).not.toContain('open gate');
    },
  );

  it('goes on also when the rest has come before it was started', async ({
    restorer,
    target,
    held,
    arriving,
    restoredAndStarted,
  }) => {
    const { gate } = restorer;
    restorer.gate = async () => {
      await sleep(20);
      return gate();
    };
    const one = target();
    const { answer } = await held(one);
    const { bring, end } = arriving();
    end();
    const taken = one.take(['app'], 5000, bring);
    expect(await answer).toMatchObject({ gate: '/log/gate' });
    await one.until(new Set(['restoring']), 1000);
    expect(restorer.done).toEqual(['prepare app', 'open gate']);
    await restoredAndStarted(one);
    await taken;
  });

  it('fails the target when it ends before it comes to restore', async ({
    restorer,
    target,
    arriving,
    startProcess,
    ask,
  }) => {
    restorer.isGateReached = false;
    const runtime = await startProcess();
    const one = target();
    const answer = ask(one, 'app', { runtime: runtime.identity });
    await one.until(new Set(['waiting']), 1000);
    const { bring, end } = arriving();
    const taken = one.take(['app'], 5000, bring);
    await answer;
    await runtime.end();
    end();
    await taken;
    expect(one.document).toMatchObject({ state: 'failed', failure: { step: 'restore' } });
    expect(restorer.done).not.toContain('open gate');
  });
});
