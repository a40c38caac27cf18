import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { KEEP_MS, tidy } from './tidy.ts';

it('clears away the staging of what is over, and logs that are old', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'podferry-tidy-'));
  const folders = [
    'images/going.source',
    'images/going.target',
    'images/over.source',
    'images/other',
    'log/over',
  ];
  for (const folder of folders) await mkdir(path.join(dir, folder), { recursive: true });
  const [images, log] = [path.join(dir, 'images'), path.join(dir, 'log')];
  await tidy(images, log, ['going']);
  expect((await readdir(images)).sort()).toEqual(['going.source', 'going.target', 'other']);
  expect(await readdir(log)).toEqual(['over']);
  await tidy(images, log, [], Date.now() + KEEP_MS + 60_000);
  expect(await readdir(images)).toEqual(['other']);
  expect(await readdir(log)).toEqual([]);
  await tidy(path.join(dir, 'nothing'), log, []);
  await rm(dir, { recursive: true });
});
