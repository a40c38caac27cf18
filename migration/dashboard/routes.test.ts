import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hrefOf, parseRoute } from './routes.ts';

it.each([
  ['', { page: 'lab' }],
  ['#/', { page: 'lab' }],
  ['#/checkpoints', { page: 'checkpoints' }],
  ['#/migrations?outcome=failed&x=1', { page: 'migrations', filter: { outcome: 'failed' } }],
  [
    '#/new?action=checkpoint&sourcePod=a&evil=1',
    { page: 'new', fields: { action: 'checkpoint', sourcePod: 'a' } },
  ],
  ['#/nonsense', { page: 'nowhere', path: '/nonsense' }],
  ['#/migrations/a', { page: 'nowhere', path: '/migrations/a' }],
  ['#/migrations/a/%zz', { page: 'migration', namespace: 'a', name: '%zz' }],
])('reads %s', (hash, route) => expect(parseRoute(hash)).toEqual(route));

it('reads what it wrote', () => {
  const part = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(part, part, (namespace, name) => {
      const route = { page: 'migration', namespace, name } as const;
      expect(parseRoute(hrefOf(route))).toEqual(route);
      const form = { page: 'new', fields: { namespace, name } } as const;
      expect(parseRoute(hrefOf(form))).toEqual(form);
    }),
  );
});
