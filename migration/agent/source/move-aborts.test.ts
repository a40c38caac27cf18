import { describe, expect } from 'vitest';
import { ID, it, request } from './move-fixtures.ts';

describe.each(['stream', 'store'] as const)('a move by %s', (transport) => {
  const asked = { ...request, transport };

  it('is stopped by an abort, before the commit', async ({ containers, target, sources, refusal }) => {
    const all = sources();
    let aborted: Promise<unknown> | undefined;
    containers.duringCapture = async () => {
      aborted = all.abort(ID, 'changed my mind');
    };
    const moved = await all.move(ID, asked);
    expect(moved).toMatchObject({ state: 'thawed', failure: { step: 'abort', message: 'changed my mind' } });
    expect(await aborted).toEqual(moved);
    expect(containers.state).toBe('running');
    await refusal();
    expect(target.calls).not.toContain('resume');
  });
});

describe('a move', () => {
  it('cannot be aborted once it is committed', async ({ containers, sources }) => {
    const all = sources();
    await all.move(ID, request);
    await expect(all.abort(ID, 'too late')).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('frozen');
  });

  it('that was aborted before it was asked for never begins', async ({ containers, sources }) => {
    await sources().abort(ID, 'gave up');
    const later = sources();
    await later.load();
    expect(await later.move(ID, request)).toMatchObject({ state: 'thawed', failure: { message: 'gave up' } });
    expect(containers.done).toEqual([]);
  });

  it('that failed is not changed by an abort, and not released', async ({ containers, target, sources }) => {
    const all = sources();
    target.fate = 'failed';
    await all.move(ID, request);
    expect(await all.abort(ID, 'again')).toMatchObject({ failure: { message: 'target says no' } });
    await expect(all.release(ID)).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('running');
  });
});
