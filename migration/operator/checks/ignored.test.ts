import { describe, expect, it } from 'vitest';
import { CHECKS, ignorableChecks } from '../../contract/checks.ts';
import { runChecks } from '../../contract/verdict.ts';
import { ignoring, withIgnored } from './ignored.ts';

const look = (...ignored: string[]) => runChecks(ignoring, { ignored })[0];
const failed = (name: string) => ({ name, status: 'failed' as const, message: 'no room' });

describe('names in ignoreChecks', () => {
  it('that may be ignored are fine', () => {
    expect(look()).toMatchObject({ status: 'passed' });
    expect(look(...ignorableChecks())).toMatchObject({ status: 'passed' });
  });

  it('that no check has are refused with those there are', () => {
    const message = expect.stringMatching(/no check Nope;.*DisruptionBudget, Quota/);
    expect(look('Quota', 'Nope')).toMatchObject({ status: 'failed', message });
  });

  it('that cannot be ignored are refused, every one', () => {
    const message = expect.stringMatching(/Cpu cannot be ignored; IoUring cannot be ignored/);
    expect(look('Cpu', 'IoUring')).toMatchObject({ status: 'failed', message });
    for (const name of ['toString', 'constructor']) expect(look(name)).toMatchObject({ status: 'failed' });
  });
});

it('what is ignored becomes a warning that says so; nothing else changes', () => {
  const passed = { name: 'Quota', status: 'passed' as const, message: '' };
  const results = [failed('Quota'), failed('Cpu'), failed('NodeRoom'), passed];
  expect(withIgnored(results, ['Quota', 'Cpu'])).toEqual([
    { name: 'Quota', status: 'warning', message: 'ignored as asked: no room' },
    failed('Cpu'),
    failed('NodeRoom'),
    passed,
  ]);
});

it('what would lose a pod’s state can never be ignored', () => {
  const dangerous = ['Cpu', 'Architecture', 'Volumes', 'EventCounters', 'Controller', 'PodFree'] as const;
  for (const name of dangerous) expect(CHECKS[name]).not.toHaveProperty('ignorable');
});
