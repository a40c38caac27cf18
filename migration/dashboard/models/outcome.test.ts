import { describe, expect, it } from 'vitest';
import { at, MOVED, migration } from '../testing/samples.ts';
import { isCancellable, outcomeOf, routeOf, stateText } from './outcome.ts';

const deleted = { deletionTimestamp: at(5) };

describe('how a migration stands', () => {
  it('is pending without a status', () => {
    expect(stateText(migration('new'))).toBe('Pending');
    expect(outcomeOf(migration('new'))).toBe('active');
  });

  it('is cancelling while its object is deleted and nothing is decided', () => {
    expect(stateText(migration('m', {}, { state: 'Moving' }, deleted))).toBe('Cancelling');
    expect(stateText(migration('m', {}, { state: 'RollingBack' }, deleted))).toBe('Rolling back');
  });

  it('can be cancelled up to the commit, once', () => {
    expect(isCancellable(migration('m', {}, { state: 'Moving' }))).toBe(true);
    expect(isCancellable(migration('m', {}, { state: 'Moving' }, deleted))).toBe(false);
    for (const state of ['Committed', 'RollingBack', 'Succeeded', 'Failed'] as const)
      expect(isCancellable(migration('m', {}, { state }))).toBe(false);
  });
});

describe('where it goes', () => {
  it('is what was asked for until it is known', () => {
    expect(routeOf(migration('m'))).toEqual({ subject: 'tick', from: undefined, to: 'worker2' });
    expect(routeOf(migration('m', { destHost: '' }, MOVED))).toEqual({
      subject: 'tick',
      from: 'worker1',
      to: 'worker2',
    });
  });

  it('is the store for a checkpoint, and comes from there for a restore', () => {
    const save = migration('m', { action: 'checkpoint', snapshotPath: '/daily' }, { sourceNode: 'worker1' });
    expect(routeOf(save)).toEqual({ subject: 'tick', from: 'worker1', to: '/daily' });
    const restore = migration('m', { action: 'restore', snapshotPath: '/daily/tick', destHost: 'worker1' });
    expect(routeOf(restore)).toEqual({ subject: 'm', from: '/daily/tick', to: 'worker1' });
  });

  it('is for a restore where its pods came to be', () => {
    const pod = (number: number, node?: string) => ({
      ...{ name: `r-${number}`, number, state: 'Creating' as const },
      ...(node !== undefined && { node }),
    });
    const replicas = [pod(1, 'worker2'), pod(2, 'worker1'), pod(3, 'worker2'), pod(4)];
    const spread = migration(
      'm',
      { action: 'restore', snapshotPath: '/daily/tick', destHost: '' },
      { replicas },
    );
    expect(routeOf(spread).to).toBe('worker2, worker1');
  });
});
