import { setImmediate } from 'node:timers/promises';
import { describe, expect, vi } from 'vitest';
import type { MoveRequest } from '../../contract/agent-api.ts';
import { FakeNetwork } from '../testing/fake-network.ts';
import { ID, it, request } from './move-fixtures.ts';

describe('a move that keeps the address', () => {
  const asked: MoveRequest = { ...request, address: 'keep' };
  const HELD = ['hold new', 'settled', 'cut off'];

  it('holds what is sent to the pod until the target runs, and then hands it over', async ({
    containers,
    network,
    target,
    sources,
    onDisk,
  }) => {
    const steps: string[] = [];
    const freeze = containers.freeze.bind(containers);
    containers.freeze = async () => {
      steps.push(...network.done, 'frozen');
      await freeze();
    };
    target.whenReceived = async () => expect(network.done).toContain('silence');
    expect(await sources().move(ID, asked)).toMatchObject({ state: 'committed', resumed: true });
    expect(steps).toEqual(['find', ...HELD, 'frozen']);
    expect(network.done.slice(4)).toEqual(['silence', 'claim', 'hand over to 127.0.0.1']);
    expect(containers.done).not.toContain('close connections');
    expect(await onDisk()).toMatchObject({ address: 'keep', link: network.link });
  });

  it.for(['hold new', 'cut off', 'silence', 'claim'])(
    'gives it back to the pod when the step fails: %s',
    async (step, { containers, network, sources, refusal }) => {
      network.failing = [step];
      expect(await sources().move(ID, asked)).toMatchObject({
        state: 'thawed',
        failure: { step: 'network' },
      });
      expect(network.done.at(-1)).toBe('give back');
      expect(network.done).not.toContain('hand over to 127.0.0.1');
      expect(containers.state).toBe('running');
      await refusal();
    },
  );

  it('gives it back only when no step is under way that would cut it off again', async ({
    containers,
    network,
    sources,
    refusal,
  }) => {
    containers.failing = 'dump';
    network.silence = async () => {
      await vi.waitFor(() => expect(containers.done).toContain('end dumps'));
      await setImmediate();
      network.done.push('silence');
    };
    expect(await sources().move(ID, asked)).toMatchObject({ state: 'thawed' });
    expect(network.done.slice(-2)).toEqual(['silence', 'give back']);
    await refusal();
  });

  it('gives it back before the pod runs on, and tries again until that succeeds', async ({
    containers,
    network,
    sources,
    refusal,
  }) => {
    containers.failing = 'dump';
    network.failing = ['give back'];
    containers.thaw = () => void network.done.push('thaw');
    expect(await sources().move(ID, asked)).toMatchObject({ state: 'thawed' });
    expect(network.done.indexOf('give back')).toBeLessThan(network.done.indexOf('thaw'));
    await vi.waitFor(() => expect(network.done.filter((step) => step === 'give back')).toHaveLength(2), 5000);
    await refusal();
  });

  it('is committed all the same when the route cannot be changed, and changes it until it can', async ({
    network,
    sources,
    onDisk,
  }) => {
    network.failing = ['hand over to 127.0.0.1'];
    expect((await sources().move(ID, asked)).state).toBe('committed');
    await vi.waitFor(
      async () => expect(await onDisk()).toMatchObject({ state: 'committed', resumed: true }),
      5000,
    );
    expect(network.done).not.toContain('give back');
  });

  it('is not released before the route is changed, though the kubelet has killed the source meanwhile', async ({
    containers,
    network,
    sources,
    onDisk,
  }) => {
    network.failing = Array.from({ length: 3 }, () => 'hand over to 127.0.0.1');
    const all = sources();
    expect(await all.move(ID, asked)).toMatchObject({ state: 'committed', resumed: false });
    containers.state = 'gone';
    network.done.length = 0;
    await expect(all.release(ID)).rejects.toThrow('hand over to 127.0.0.1 failed');
    expect(await onDisk()).toMatchObject({ state: 'committed' });
    network.failing = [];
    await all.release(ID);
    expect(await onDisk()).toMatchObject({ state: 'released' });
    expect(network.done).toContain('hand over to 127.0.0.1');
  });

  it('gives it back when the target was lost before it ran', async ({
    containers,
    network,
    target,
    sources,
    onDisk,
  }) => {
    target.resumes = ['failed'];
    await sources().move(ID, asked);
    await vi.waitFor(async () => expect(await onDisk()).toMatchObject({ state: 'thawed' }));
    expect(network.done.at(-1)).toBe('give back');
    expect(containers.state).toBe('running');
  });

  it('is taken up by a restarted agent, which gives back what it held', async ({
    network,
    target,
    sources,
  }) => {
    target.whenReceived = () => new Promise(() => undefined);
    void sources().move(ID, asked);
    await vi.waitFor(() => expect(network.done).toContain('claim'));
    const later = new FakeNetwork();
    await sources(later).load();
    await vi.waitFor(() => expect(later.done).toEqual(['give back']));
  });
});
