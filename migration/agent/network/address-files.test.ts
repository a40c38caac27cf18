import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AddressFiles } from './address-files.ts';

let dir: string;
let files: AddressFiles;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-address-files-'));
  files = new AddressFiles(dir);
});
afterEach(() => rm(dir, { recursive: true }));

it.each(['10.244.1.3', 'fd00:10:244:1::3'])(
  'notes where %s lives until it is to be forgotten',
  async (address) => {
    const away = { address, via: '10.98.0.12', state: 'claimed' as const };
    await files.noteAway(away);
    await files.noteHere({ address, podUid: 'uid-1' });
    expect(await files.away()).toEqual([away]);
    expect(await files.here()).toEqual([{ address, podUid: 'uid-1' }]);
    await files.noteAway({ ...away, state: 'left' });
    expect(await files.away()).toEqual([{ ...away, state: 'left' }]);
    await files.forget('away', address);
    expect(await files.away()).toEqual([]);
  },
);

it('passes over what is no address, as a note that was not finished', async () => {
  await files.noteHere({ address: 'fd00::3', podUid: 'uid-1' });
  await writeFile(path.join(dir, 'here', 'fd00::4.new'), 'uid');
  expect(await files.here()).toEqual([{ address: 'fd00::3', podUid: 'uid-1' }]);
});
