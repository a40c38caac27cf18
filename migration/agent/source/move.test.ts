import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, vi } from 'vitest';
import { storePath } from '../store/path.ts';
import { ID, it, request } from './move-fixtures.ts';

describe.each(['stream', 'store'] as const)('a move by %s', (transport) => {
  const asked = { ...request, transport };

  it('brings the state, commits, lets the target run, and ends the source on release', async ({
    dir,
    containers,
    store,
    target,
    sources,
    onDisk,
  }) => {
    const all = sources();
    const moved = await all.move(ID, asked);
    expect(moved).toMatchObject({ id: ID, state: 'committed', resumed: true, failure: null });
    expect(moved.freezeMs).toBeGreaterThanOrEqual(0);
    expect(moved.bytes).toBeGreaterThan(0);
    expect(containers.state).toBe('frozen');
    expect(target.calls).toEqual([transport === 'stream' ? 'upload' : 'restore', 'resume']);
    expect([...target.files.keys()].sort()).toEqual([
      'main/image/descriptors.json',
      'main/image/pages-1.img',
      'main/rw.tar',
      'sidecar/image/descriptors.json',
      'sidecar/image/pages-1.img',
      'sidecar/rw.tar',
    ]);
    expect(target.files.get('main/image/pages-1.img')?.toString()).toBe('memory of main');
    expect(await onDisk()).toMatchObject({ state: 'committed', resumed: true });

    expect(await all.release(ID)).toMatchObject({ state: 'released' });
    expect(containers.state).toBe('killed');
    expect(await readdir(path.join(dir, 'images'))).toEqual([]);
    if (transport === 'store') expect(await store.list(storePath('.podferry/migrations'))).toEqual([]);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('is on disk before the freeze, and committed there before the target runs', async ({
    containers,
    target,
    sources,
    onDisk,
  }) => {
    const seen: unknown[] = [];
    containers.duringCapture = async () => void seen.push((await onDisk())?.state, (await onDisk())?.held);
    const resume = target.resume.bind(target);
    target.resume = async () => {
      seen.push((await onDisk())?.state);
      return resume();
    };
    await sources().move(ID, asked);
    expect(seen).toMatchObject(['moving', [{ name: 'sidecar' }, { name: 'main' }], 'committed']);
  });
});

describe('a move', () => {
  it('joins a repeated request, and refuses another one for the same pod', async ({
    containers,
    sources,
  }) => {
    const all = sources();
    const [first, again] = await Promise.all([all.move(ID, request), all.move(ID, request)]);
    expect(again).toEqual(first);
    expect(containers.done.filter((step) => step === 'freeze')).toHaveLength(1);
    await expect(all.move('bbbbbbbb-2222', request)).rejects.toThrow(
      `pod default/tick is held by ${ID} (committed)`,
    );
  });
});

describe('a committed source', () => {
  const silent = () => new Error('no answer');

  it('goes on telling the target until it runs, and is not released before', async ({
    containers,
    target,
    sources,
  }) => {
    target.resumes = [silent(), silent()];
    const all = sources();
    expect(await all.move(ID, request)).toMatchObject({ state: 'committed', resumed: false, freezeMs: null });
    await expect(all.release(ID)).rejects.toThrow('the target is not known to run yet');
    expect(containers.state).toBe('frozen');
    await vi.waitFor(() => expect(all.moveRecord(ID)).toMatchObject({ resumed: true }), 5000);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('may be released when nothing is left of it', async ({ containers, target, sources }) => {
    target.resumes = [silent()];
    const all = sources();
    await all.move(ID, request);
    containers.state = 'gone';
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it.for(['failed', 'refused'] as const)(
    'runs on when the target is %s before it ran',
    async (fate, { containers, target, sources, onDisk }) => {
      target.resumes = [fate];
      const moved = await sources().move(ID, request);
      expect(moved).toMatchObject({ state: 'thawed', failure: { message: 'target says no' } });
      expect(containers.state).toBe('running');
      expect(await onDisk()).toMatchObject({ state: 'thawed' });
    },
  );
});
