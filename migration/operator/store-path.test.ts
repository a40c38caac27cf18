import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkpointDirectory, storePath } from './store-path.ts';

it.each([
  ['/var/lib/kubelet/migration/redis', 'var/lib/kubelet/migration/redis'],
  ['redis', 'redis'],
  ['//a/./b//', 'a/b'],
])('%s is %s on the store', (text, expected) => {
  expect(storePath(text)).toBe(expected);
});

it.each(['', '/', '.', '../x', '/a/../b', 'a/..'])('"%s" is refused', (text) => {
  expect(() => storePath(text)).toThrow(/snapshotPath/);
});

it('cuts the pod’s name at its first dash', () => {
  expect(checkpointDirectory('/ckpt', 'redis-migration-1')).toBe('ckpt/redis');
  expect(checkpointDirectory('ckpt', 'redis')).toBe('ckpt/redis');
});

it('never leaves the store, whatever is written', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('/', '.', 'a', '..', '-') }), (text) => {
      let path: string;
      try {
        path = storePath(text);
      } catch {
        return;
      }
      expect(new URL(path, 'file:///root/store/').pathname).toMatch(/^\/root\/store\/./);
      expect(storePath(path)).toBe(path);
    }),
  );
});
