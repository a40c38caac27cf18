import { describe, expect } from 'vitest';
import { it, LINK } from './target-fixtures.ts';

describe('after a restart of the agent', () => {
  it.for(['fetching', 'restoring'] as const)(
    'a target that was %s has failed',
    async (state, { restorer, target, onDisk, known }) => {
      const one = target(known(state));
      await one.recover();
      expect(await onDisk()).toMatchObject({ state: 'failed' });
      expect(restorer.done).toEqual(['kill app']);
    },
  );

  it('a staged target waits on, and can be resumed', async ({ restorer, target, onDisk, known }) => {
    const one = target(known('staged'));
    await one.recover();
    expect(one.document.state).toBe('staged');
    await one.resume();
    expect(await onDisk()).toMatchObject({ state: 'restored' });
    expect(restorer.done).toEqual(['resume app']);
  });

  it('a staged target whose tasks went with the host has failed', async ({ self, target, onDisk, known }) => {
    const gone = { ...self, startTime: self.startTime + 1 };
    const { restored } = known('staged');
    const one = target(known('staged', { restored: restored.map((each) => ({ ...each, init: gone })) }));
    await one.recover();
    expect(await onDisk()).toMatchObject({ state: 'failed', failure: { step: 'start' } });
  });

  it('a resume that was cut off is finished, once', async ({ restorer, target, onDisk, known }) => {
    const one = target(known('restored'));
    await one.recover();
    expect(restorer.done).toEqual(['resume app']);
    await expect.poll(onDisk).toMatchObject({ resumed: true });
    const later = target(known('restored', { resumed: true }));
    await later.recover();
    expect(restorer.done).toEqual(['resume app']);
  });

  it('a resume that was cut off, and went with the host, keeps the agent from nothing', async ({
    restorer,
    target,
    known,
  }) => {
    restorer.open = () => Promise.reject(new Error('no such device'));
    const one = target(known('restored', { link: LINK }));
    await one.recover();
    expect(restorer.done).toEqual([]);
  });

  it('a staged target that takes over an address is dark, as it may have been opened beside a record that was not written', async ({
    restorer,
    target,
    known,
  }) => {
    const one = target(known('staged', { link: LINK }));
    await one.recover();
    expect(restorer.done).toEqual(['darken 10.244.1.7']);
    await one.resume();
    expect(restorer.done).toEqual(['darken 10.244.1.7', 'open 10.244.1.7', 'resume app']);
  });

  it('a refusal is carried out to its end', async ({ restorer, target, known }) => {
    const one = target(known('refused'));
    await one.recover();
    expect(restorer.done).toEqual(['kill app']);
  });

  it('a runtime that waited asks again', async ({ target, held, known }) => {
    const one = target({ ...known('waiting'), restored: [] });
    await one.recover();
    await held(one);
  });
});
