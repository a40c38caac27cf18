import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, vi } from 'vitest';
import { StepError } from '../failure.ts';
import { ID, it, request } from './move-fixtures.ts';

describe.each(['stream', 'store'] as const)('a move by %s', (transport) => {
  const asked = { ...request, transport };

  it.for(['find', 'freeze', 'dump'])(
    'runs on when %s fails',
    async (step, { containers, target, sources, onDisk, refusal }) => {
      containers.failing = step;
      const moved = await sources().move(ID, asked);
      expect(moved).toMatchObject({ state: 'thawed', failure: { step, criuLog: ['Error'] } });
      expect(containers.state).toBe('running');
      expect(await onDisk()).toMatchObject({ state: 'thawed' });
      await refusal();
      expect(target.calls).not.toContain('resume');
    },
  );

  it.for(['failed', 'refused'] as const)(
    'runs on when the target %s',
    async (fate, { containers, target, sources }) => {
      target.fate = fate;
      const moved = await sources().move(ID, asked);
      expect(moved).toMatchObject({
        state: 'thawed',
        failure: { message: 'target says no', criuLog: ['x'] },
      });
      expect(containers.state).toBe('running');
      expect(target.calls).not.toContain('resume');
    },
  );

  it('runs on when the deadline passes, whoever does not answer', async ({
    containers,
    target,
    sources,
    refusal,
  }) => {
    target.whenReceived = () => new Promise(() => undefined);
    const moved = await sources().move(ID, { ...asked, deadlineMs: 1000 });
    expect(moved).toMatchObject({ state: 'thawed', failure: { step: 'deadline' } });
    expect(containers.done.slice(-2)).toEqual(['end dumps', 'thaw']);
    expect(containers.state).toBe('running');
    await refusal();
  });

  it('runs on when the commit cannot be recorded, and the target is not told to run', async ({
    containers,
    target,
    records,
    sources,
    refusal,
  }) => {
    const save = records.save.bind(records);
    records.save = (document) =>
      document.state === 'committed' ? Promise.reject(new Error('no space left on device')) : save(document);
    const moved = await sources().move(ID, asked);
    expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'no space left on device' } });
    expect(containers.state).toBe('running');
    await refusal();
    expect(target.calls).not.toContain('resume');
  });

  it('runs on even when that cannot be recorded', async ({ containers, target, records, sources }) => {
    target.whenReceived = async () => {
      records.save = () => Promise.reject(new Error('no space left on device'));
    };
    expect(await sources().move(ID, asked)).toMatchObject({ state: 'thawed' });
    expect(containers.state).toBe('running');
  });
});

describe('a move', () => {
  it('touches nothing when the target does not wait', async ({ containers, target, sources }) => {
    target.state = 'absent';
    const moved = await sources().move(ID, request);
    expect(moved).toMatchObject({ state: 'thawed', failure: { step: 'prepare', message: 'nobody waits' } });
    expect(containers.done).toEqual(['find']);
  });

  it('runs on when the store does not take the state', async ({ dir, store, sources }) => {
    store.put = () => Promise.reject(new StepError('store', 'the store is full'));
    const moved = await sources().move(ID, { ...request, transport: 'store' });
    expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'the store is full' } });
    await vi.waitFor(async () => expect(await readdir(path.join(dir, 'images'))).toEqual([]));
  });
});
