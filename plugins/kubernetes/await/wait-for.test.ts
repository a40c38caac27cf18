import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkWish, parseWaitFor, WaitForError } from './wait-for.ts';

const met = (annotation: string, object: object) =>
  parseWaitFor(annotation).map((wish) => checkWish(wish, { ...object }).met);

describe('parseWaitFor', () => {
  it.each([
    ['Ready', 'expected a "jsonpath=" or "condition=" prefix, got "Ready"'],
    ['[]', 'the list is empty'],
    ['[1]', 'expected a list of texts'],
    ['condition=', 'needs the type of a condition'],
    ['jsonpath=.status', 'should be wrapped in braces'],
    ['jsonpath={.a}=', 'needs a value'],
    ['jsonpath={.a}=b=c', 'expected jsonpath={.path} or jsonpath={.path}=value'],
    ['jsonpath={.a[}', 'cannot read the path from "["'],
    ['jsonpath={}', 'the path is empty'],
  ])('refuses %s', (annotation, message) => {
    expect(() => parseWaitFor(annotation)).toThrow(WaitForError);
    expect(() => parseWaitFor(annotation)).toThrow(message);
  });

  it('never fails in another way, whatever it is given', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((part) => `jsonpath={${part}}`),
      fc.json(),
    );
    fc.assert(
      fc.property(text, (annotation) => {
        try {
          parseWaitFor(annotation);
        } catch (error) {
          expect(error).toBeInstanceOf(WaitForError);
        }
      }),
    );
  });
});

describe('conditions', () => {
  const object = (status: string, extra: object = {}) => ({
    metadata: { generation: 2 },
    status: { conditions: [{ type: 'Complete', status, ...extra }] },
  });

  it('compare type and status without regard to case', () => {
    expect(met('condition=complete', object('True'))).toEqual([true]);
    expect(met('condition=Complete=false', object('False'))).toEqual([true]);
    expect(met('condition=Complete', object('False'))).toEqual([false]);
    expect(met('condition=Other', object('True'))).toEqual([false]);
    expect(met('condition=Complete', {})).toEqual([false]);
  });

  it('do not count when they are about an older generation', () => {
    expect(met('condition=Complete', object('True', { observedGeneration: 1 }))).toEqual([false]);
    expect(met('condition=Complete', object('True', { observedGeneration: 2 }))).toEqual([true]);
    const old = { ...object('True'), status: { ...object('True').status, observedGeneration: 1 } };
    expect(met('condition=Complete', old)).toEqual([false]);
  });

  it('say what is there instead', () => {
    const [wish] = parseWaitFor('condition=Complete');
    const failed = object('False', { reason: 'NoSpace', message: 'the store is full' });
    expect(wish && checkWish(wish, failed).message).toBe(
      'condition Complete=False (want True): NoSpace: the store is full',
    );
  });
});

describe('paths', () => {
  it('are met by the value, or by being there', () => {
    const object = { status: { phase: 'Running', n: 3, ok: true, list: [{ name: 'a', ready: 'yes' }] } };
    expect(met('jsonpath={.status.phase}=Running', object)).toEqual([true]);
    expect(met('jsonpath={ $.status.phase }=Stopped', object)).toEqual([false]);
    expect(met('jsonpath={.status.n}=3', object)).toEqual([true]);
    expect(met('jsonpath={.status.ok}=true', object)).toEqual([true]);
    expect(met('jsonpath={.status.list}', object)).toEqual([true]);
    expect(met('jsonpath={.status.list}=a', object)).toEqual([false]);
    expect(met('jsonpath={.status.nothing}', object)).toEqual([false]);
    expect(met('jsonpath={.status.list[?(@.name=="a")].ready}=yes', object)).toEqual([true]);
  });

  it('do not count while the status is about an older generation', () => {
    const object = { metadata: { generation: 2 }, status: { observedGeneration: 1, phase: 'Done' } };
    expect(met('jsonpath={.status.phase}=Done', object)).toEqual([false]);
  });
});

describe('lists', () => {
  it('hold each wish apart, as all of them must come true', () => {
    const object = { status: { phase: 'Done', conditions: [] } };
    expect(met('["jsonpath={.status.phase}=Done", "condition=Ready"]', object)).toEqual([true, false]);
  });
});
