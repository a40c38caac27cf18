import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { below, migrationFolder, resolveBelow, storePath, userPath, withParents } from './path.ts';

const accepted = (text: string): string | undefined => {
  try {
    return storePath(text);
  } catch {
    return undefined;
  }
};

/** Strings made of what a hostile path is made of. */
const hostile = fc
  .array(
    fc.constantFrom(
      '..',
      '.',
      '/',
      '//',
      'a',
      'b.img',
      '-x',
      '%2e',
      '?',
      '#',
      '\0',
      '\n',
      ' ',
      '~',
      '…',
      '*',
    ),
    {
      maxLength: 10,
    },
  )
  .map((parts) => parts.join(''));

describe('storePath', () => {
  it('never leaves the root, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string()), (text) => {
        const checked = accepted(text);
        if (checked === undefined) return;
        const full = path.resolve('/store', checked);
        expect(full === '/store' || full.startsWith('/store/')).toBe(true);
        expect(path.posix.normalize(`/store/${checked}`)).toBe(
          checked === '' ? '/store/' : `/store/${checked}`,
        );
      }),
    );
  });

  it('never holds what an NFS URL or a command line gives a meaning to', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string()), (text) => {
        expect(accepted(text) ?? '').not.toMatch(/[?#%\s\0*~]|(^|\/)-/);
      }),
    );
  });

  it('takes its own answer for what it is', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const checked = accepted(text);
        if (checked !== undefined) expect(storePath(checked)).toBe(checked);
      }),
    );
  });

  it.each([
    ['/var/lib/kubelet/migration/redis', 'var/lib/kubelet/migration/redis'],
    ['redis/', 'redis'],
    ['', ''],
  ])('reads %j as %j', (given, checked) => expect(storePath(given)).toBe(checked));

  it.each(['a/../b', '..', 'a//b', 'a/./b', 'a b', 'x'.repeat(300), 'a/'.repeat(600)])('refuses %j', (text) =>
    expect(() => storePath(text)).toThrow(/cannot be used/),
  );
});

describe('userPath', () => {
  it.each(['', '/', '.podferry', '.podferry/migrations/x'])('refuses %j', (text) =>
    expect(() => userPath(text)).toThrow(/not for checkpoints/),
  );

  it('takes any other', () => expect(userPath('/redis')).toBe('redis'));
});

describe('below', () => {
  it('joins names', () =>
    expect(below(migrationFolder('12345678'), 'state.tar')).toMatch(/12345678\/state\.tar$/));
  it('refuses to go up', () => expect(() => below(storePath('a'), '..')).toThrow());
});

describe('resolveBelow', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'podferry-path-'));
    await mkdir(path.join(root, 'a/b'), { recursive: true });
    await writeFile(path.join(root, 'a/file'), '');
    await symlink('/etc', path.join(root, 'a/link'));
  });
  afterAll(() => rm(root, { recursive: true }));

  it.each(['', 'a', 'a/b', 'a/file', 'a/new', 'new/new'])('resolves %j', async (text) =>
    expect(await resolveBelow(root, storePath(text))).toBe(path.join(root, text)),
  );

  it.each(['a/link', 'a/link/passwd', 'a/file/x'])('refuses %j, which leads elsewhere', (text) =>
    expect(resolveBelow(root, storePath(text))).rejects.toThrow(/leads through/),
  );
});

describe('withParents', () => {
  it.each([
    ['a/b/c', ['a/b/c', 'a/b', 'a']],
    ['a', ['a']],
    ['', []],
  ])('of %j are %j', (text, all) => expect(withParents(storePath(text))).toEqual(all));
});
