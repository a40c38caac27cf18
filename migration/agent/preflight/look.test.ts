import { expect, it } from 'vitest';
import { failed, passed } from '../../contract/verdict.ts';
import { lookAll } from './look.ts';

it('a look that fails is told as skipped, and keeps no other from being told', async () => {
  const results = await lookAll({
    Rights: () => Promise.reject(new Error('no such file')),
    IoUring: async () => failed('an io_uring'),
    Mptcp: () => passed(),
  });
  expect(results).toEqual([
    { name: 'Rights', status: 'skipped', message: 'could not be told: no such file' },
    { name: 'IoUring', status: 'failed', message: 'an io_uring' },
    { name: 'Mptcp', status: 'passed', message: '' },
  ]);
});
