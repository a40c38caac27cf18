import { describe, expect, it } from 'vitest';
import { type FormFields, formErrors, suggestName, wanted } from './migration-form.ts';

const filled: FormFields = {
  action: 'live-migration',
  namespace: 'samples',
  name: 'my-move',
  sourcePod: 'tick',
  destHost: 'worker2',
  snapshotPath: '/daily',
  replicas: '3',
};

describe('the form', () => {
  it('asks for what its action has, and nothing else', () => {
    const { sourcePod, destHost, snapshotPath } = filled;
    expect(wanted(filled).spec).toEqual({ action: 'live-migration', sourcePod, destHost });
    expect(wanted({ ...filled, action: 'checkpoint' }).spec).toEqual({
      action: 'checkpoint',
      sourcePod,
      snapshotPath,
    });
    expect(wanted({ ...filled, action: 'restore', destHost: '' }).spec).toEqual({
      action: 'restore',
      snapshotPath,
      replicas: 3,
    });
  });

  it('finds nothing wrong with what is right', () => {
    for (const action of ['live-migration', 'checkpoint', 'restore'] as const)
      expect(formErrors({ ...filled, action })).toEqual({});
    expect(formErrors({ ...filled, destHost: '' })).toEqual({});
  });

  it.each<[Partial<FormFields>, keyof FormFields]>([
    [{ name: '' }, 'name'],
    [{ name: 'My Move' }, 'name'],
    [{ name: '-move' }, 'name'],
    [{ name: 'a'.repeat(254) }, 'name'],
    [{ namespace: '' }, 'namespace'],
    [{ sourcePod: '' }, 'sourcePod'],
    [{ action: 'checkpoint', snapshotPath: '' }, 'snapshotPath'],
    [{ action: 'restore', snapshotPath: '/a/../b' }, 'snapshotPath'],
    [{ action: 'restore', replicas: '1.5' }, 'replicas'],
    [{ action: 'restore', replicas: '1001' }, 'replicas'],
    [{ action: 'restore', replicas: '' }, 'replicas'],
  ])('with %j says what is wrong at the field', (changes, field) => {
    expect(Object.keys(formErrors({ ...filled, ...changes }))).toEqual([field]);
  });

  it('suggests names that are valid, whatever they are about', () => {
    const now = new Date('2026-01-02T03:04:05Z');
    expect(suggestName(filled, now)).toBe('tick-move-0102030405');
    const odd = { ...filled, action: 'restore' as const, snapshotPath: '/x/Ä_Pod/' };
    for (const fields of [odd, { ...filled, sourcePod: '' }])
      expect(formErrors({ ...fields, sourcePod: 'tick', name: suggestName(fields, now) })).toEqual({});
  });
});
