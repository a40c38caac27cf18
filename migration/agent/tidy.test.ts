import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { KEEP_MS, tidy } from './tidy.ts';

it('clears away the staging of what is over, markers of containers that are gone, and old logs', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'podferry-tidy-'));
  const places = {
    imagesDir: path.join(dir, 'images'),
    logDir: path.join(dir, 'log'),
    runDir: path.join(dir, 'restored'),
    runcRoot: path.join(dir, 'runc'),
  };
  const folders = ['images/going.source', 'images/going.target', 'images/over.source', 'images/other'];
  for (const folder of [...folders, 'log/over', 'restored/there', 'restored/gone', 'runc/there'])
    await mkdir(path.join(dir, folder), { recursive: true });
  const names = async () => {
    const [images, log, markers] = [places.imagesDir, places.logDir, places.runDir].map((place) =>
      readdir(place),
    );
    return { images: (await images)?.sort(), log: await log, markers: (await markers)?.sort() };
  };
  await tidy(places, ['going']);
  const images = ['going.source', 'going.target', 'other'];
  expect(await names()).toEqual({ images, log: ['over'], markers: ['gone', 'there'] });
  await tidy(places, [], Date.now() + KEEP_MS + 60_000);
  expect(await names()).toEqual({ images: ['other'], log: [], markers: ['there'] });
  await tidy({ ...places, imagesDir: path.join(dir, 'nothing') }, []);
  await rm(dir, { recursive: true });
});
