import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, vi } from 'vitest';
import { StepError } from '../failure.ts';
import { ID, it as itOfMoves, request } from './move-fixtures.ts';
import type { SourceDocument } from './record.ts';

const held = [{ name: 'main', id: 'c-main', cgroup: { version: 1 as const, path: '/x' } }];

const it = itOfMoves
  /** The agent's sources after a restart in the midst of a move, which have not come to a decision yet. */
  .extend('restarted', ({ containers, records, sources }) => async (changes: Partial<SourceDocument>) => {
    const { source, targetAgent, transport, address, deadlineMs } = request;
    const nothing = { freezeMs: null, bytes: null, timings: [], failure: null };
    const document: SourceDocument = {
      id: ID,
      state: 'moving',
      resumed: false,
      ...{ source, targetAgent, transport, address, link: null, deadlineMs, held },
      ...nothing,
      changedAt: new Date().toISOString(),
    };
    await records.save({ ...document, ...changes });
    if (containers.state === 'running') containers.state = 'frozen';
    const all = sources();
    await all.load();
    return all;
  })
  /** The same, which have decided. */
  .extend('leftBehind', ({ restarted }) => async (changes: Partial<SourceDocument>) => {
    const all = await restarted(changes);
    await all.idle();
    return all;
  });

describe('after a restart of the agent', () => {
  it('a source that was not committed runs on, once no dump is under way', async ({
    containers,
    target,
    refusal,
    leftBehind,
  }) => {
    target.state = 'staged';
    const all = await leftBehind({});
    expect(all.moveRecord(ID)).toMatchObject({ state: 'thawed', failure: { message: /was restarted/ } });
    expect(containers.done).toEqual(['end dumps', 'thaw']);
    await refusal();
    expect(target.calls).not.toContain('resume');
  });

  it('a source that was not touched yet is left alone', async ({ containers, leftBehind }) => {
    const all = await leftBehind({ held: [] });
    expect(all.moveRecord(ID)).toMatchObject({ state: 'thawed' });
    expect(containers.done).toEqual([]);
  });

  it('a committed source goes on telling its target', async ({ containers, target, leftBehind }) => {
    const all = await leftBehind({ state: 'committed' });
    expect(all.moveRecord(ID)).toMatchObject({ state: 'committed', resumed: true });
    expect(target.calls).toEqual(['resume']);
    expect(containers.done).toEqual(['close connections']);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('a source whose target is known to run waits for its release', async ({
    containers,
    target,
    leftBehind,
  }) => {
    await leftBehind({ state: 'committed', resumed: true });
    expect(target.calls).toEqual([]);
    expect(containers.state).toBe('frozen');
  });

  it('a source that is gone with its host leaves the pod to a target that is ready', async ({
    containers,
    target,
    leftBehind,
  }) => {
    containers.state = 'gone';
    target.state = 'staged';
    const all = await leftBehind({});
    expect(all.moveRecord(ID)).toMatchObject({ state: 'committed', resumed: true });
    expect(target.calls).toEqual(['record', 'resume']);
    expect(await all.release(ID)).toMatchObject({ state: 'released' });
  });

  it('a source that is gone waits for a target that is not reached yet, or not ready yet', async ({
    containers,
    target,
    leftBehind,
  }) => {
    containers.state = 'gone';
    target.state = 'restoring';
    vi.spyOn(target, 'record').mockRejectedValueOnce(new StepError('contact', 'no route to host'));
    setTimeout(() => {
      target.state = 'staged';
    }, 700);
    const all = await leftBehind({});
    expect(all.moveRecord(ID)).toMatchObject({ state: 'committed', resumed: true });
  });

  it('a source that is gone too early is lost, and says so', async ({ containers, target, leftBehind }) => {
    containers.state = 'gone';
    target.state = 'failed';
    const all = await leftBehind({});
    expect(all.moveRecord(ID)).toMatchObject({
      state: 'thawed',
      failure: { message: /ended with its host/ },
    });
  });

  it('a committed source goes on when its target is known to be dead, for good', async ({
    containers,
    target,
    leftBehind,
  }) => {
    target.resumes = Array.from({ length: 50 }, () => new StepError('contact', 'no route to host'));
    const all = await leftBehind({ state: 'committed' });
    await expect(all.abort(ID, 'the node is dead')).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('frozen');
    expect(await all.reclaim(ID, 'the node is dead')).toMatchObject({
      state: 'thawed',
      failure: { step: 'reclaim', message: 'the node is dead' },
    });
    expect(containers.state).toBe('running');
    await expect(all.release(ID)).rejects.toMatchObject({ status: 409 });
  });

  it('a source whose target runs is not given back', async ({ containers, leftBehind }) => {
    const all = await leftBehind({ state: 'committed', resumed: true });
    await expect(all.reclaim(ID, 'the node is dead')).rejects.toMatchObject({ status: 409 });
    expect(containers.state).toBe('frozen');
  });

  it('a source that was to be thawed when the agent died is thawed', async ({ containers, leftBehind }) => {
    await leftBehind({ state: 'thawed' });
    expect(containers.state).toBe('running');
  });

  it('a pod that was moved away is not started here again, and another one is', async ({
    containers,
    leftBehind,
  }) => {
    containers.state = 'gone';
    const all = await leftBehind({ state: 'committed' });
    const { podUid } = request.source;
    expect(await all.mayStart({ podUid, container: 'main' })).toMatchObject({
      verdict: 'refuse',
      reason: expect.stringContaining(ID),
    });
    expect(await all.mayStart({ podUid, container: '' })).toBeUndefined();
    expect(await all.mayStart({ podUid: 'uid-2', container: 'main' })).toBeUndefined();
    await all.release(ID);
    expect(await all.mayStart({ podUid, container: 'main' })).toMatchObject({ verdict: 'refuse' });
  });

  it('a pod that came back may be started, once that is decided', async ({
    containers,
    target,
    restarted,
  }) => {
    containers.state = 'gone';
    target.state = 'failed';
    const all = await restarted({});
    expect(await all.mayStart({ podUid: request.source.podUid, container: 'main' })).toBeUndefined();
    expect(all.moveRecord(ID)).toMatchObject({ state: 'thawed' });
  });

  it('what has been over for long is forgotten', async ({ dir, records, sources, leftBehind }) => {
    await leftBehind({ state: 'released' });
    const [document] = await records.load();
    const long = new Date(Date.now() - 30 * 24 * 3600_000).toISOString();
    if (document)
      await writeFile(path.join(dir, `records/${ID}.json`), JSON.stringify({ ...document, changedAt: long }));
    await sources().load();
    expect(await records.load()).toEqual([]);
  });
});
