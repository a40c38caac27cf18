import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { KEEP_MS, tidy } from './tidy.ts';

it('clears away the staging of what is over, notes about containers that are gone, and old logs', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'podferry-tidy-'));
  const places = {
    imagesDir: path.join(dir, 'images'),
    logDir: path.join(dir, 'log'),
    runDir: path.join(dir, 'run'),
    runcRoot: path.join(dir, 'runc'),
  };
  const folders = ['images/going.source', 'images/going.target', 'images/over.source', 'images/other'];
  for (const folder of [...folders, 'log/over', 'run/criu/there.conf', 'run/criu/gone.conf', 'runc/there'])
    await mkdir(path.join(dir, folder), { recursive: true });
  const names = async () => {
    const notes = path.join(places.runDir, 'criu');
    const [images, log, criu] = [places.imagesDir, places.logDir, notes].map((place) => readdir(place));
    return { images: (await images)?.sort(), log: await log, criu: (await criu)?.sort() };
  };
  await tidy(places, ['going']);
  const images = ['going.source', 'going.target', 'other'];
  expect(await names()).toEqual({ images, log: ['over'], criu: ['gone.conf', 'there.conf'] });
  await tidy(places, [], Date.now() + KEEP_MS + 60_000);
  expect(await names()).toEqual({ images: ['other'], log: [], criu: ['there.conf'] });
  await tidy({ ...places, imagesDir: path.join(dir, 'nothing') }, []);
  await rm(dir, { recursive: true });
});
