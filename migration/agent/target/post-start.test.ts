import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PostStartHooks } from './post-start.ts';

const HOOK = ['sh', '-c', 'echo "started"'];

let dir: string;
let hooks: PostStartHooks;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-hooks-'));
  hooks = new PostStartHooks(path.join(dir, 'hooks'));
});
afterEach(() => rm(dir, { recursive: true }));

/** What the shim gives to `runc exec --process`. */
async function process(...args: string[]): Promise<string> {
  const file = path.join(dir, 'process.json');
  await writeFile(file, JSON.stringify({ terminal: false, user: { uid: 0 }, args, cwd: '/' }));
  return file;
}

it('swallows the hook once: the same command later is somebody’s', async () => {
  hooks.expect('c-1', HOOK);
  expect(hooks.swallows('c-1', await process(...HOOK))).toBe(true);
  expect(() => hooks.swallows('c-1', '/nowhere')).toThrow(/ENOENT/);
});

it('lets other commands pass, and goes on waiting for the hook', async () => {
  hooks.expect('c-1', HOOK);
  expect(hooks.swallows('c-1', await process('sh', '-c', 'true'))).toBe(false);
  expect(hooks.swallows('c-1', await process(...HOOK))).toBe(true);
});

it('does not wait for the hook for ever', async () => {
  hooks.expect('c-1', HOOK);
  const longAgo = new Date(Date.now() - 10 * 60_000);
  await utimes(path.join(dir, 'hooks/c-1'), longAgo, longAgo);
  expect(hooks.swallows('c-1', await process(...HOOK))).toBe(false);
});
