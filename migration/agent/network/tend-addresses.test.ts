import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeptAddresses } from '../../contract/agent-api.ts';
import { AddressFiles } from './address-files.ts';
import { AddressTurns } from './address-turns.ts';
import { AddressTender, otherNodes } from './tend-addresses.ts';

const ADDRESS = '10.244.1.3';
const [ONE, TWO, THREE] = ['10.98.0.11', '10.98.0.12', '10.98.0.13'] as const;
const left = (via: string) => ({ address: ADDRESS, via, state: 'left' as const });

let dir: string;
let files: AddressFiles;
let done: string[];
let others: Map<string, KeptAddresses>;
let turns: AddressTurns;
let tender: AddressTender;
/** What happens meanwhile. */
let whenAsked: () => Promise<void>;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-addresses-'));
  files = new AddressFiles(path.join(dir, 'addresses'));
  done = [];
  whenAsked = async () => undefined;
  others = new Map([
    [TWO, { here: [{ address: ADDRESS, podUid: 'pod' }], away: [] }],
    [THREE, { here: [], away: [] }],
  ]);
  const nodes = new Set(others.keys());
  turns = new AddressTurns();
  tender = new AddressTender({
    own: ONE,
    files,
    turns,
    routes: {
      lead: async (address, via) => void done.push(`lead ${address} ${via}`),
      forget: async (address) => void done.push(`forget ${address}`),
    },
    kubeletPods: path.join(dir, 'pods'),
    nodes: async () => nodes,
    ask: async (node) => {
      await whenAsked();
      return others.get(node) ?? Promise.reject(new Error('no answer'));
    },
    log: pino({ level: 'silent' }),
  });
});
afterEach(() => rm(dir, { recursive: true }));

describe('an address whose pod lives on another node', () => {
  it('is led there again and again, whatever became of the routes', async () => {
    await files.noteAway(left(TWO));
    await tender.tend();
    await tender.tend();
    expect(done).toEqual([`lead ${ADDRESS} ${TWO}`, `lead ${ADDRESS} ${TWO}`]);
  });

  it('is led to where its pod has gone on to', async () => {
    await files.noteAway(left(TWO));
    others.set(TWO, { here: [], away: [left(THREE)] });
    await tender.tend();
    expect(done).toEqual([`lead ${ADDRESS} ${THREE}`]);
    expect(await files.away()).toEqual([left(THREE)]);
  });

  it.each(['is noted here', 'is away no more'])(
    'is not led away when its pod comes here while the other node is asked, and %s',
    async (what) => {
      await files.noteAway(left(TWO));
      await mkdir(path.join(dir, 'pods/come'), { recursive: true });
      whenAsked = () =>
        what === 'is noted here'
          ? files.noteHere({ address: ADDRESS, podUid: 'come' })
          : files.forget('away', ADDRESS);
      await tender.tend();
      expect(done).toEqual([]);
    },
  );

  it('is not led away while its pod is coming here, nor after that', async () => {
    await files.noteAway(left(TWO));
    await mkdir(path.join(dir, 'pods/come'), { recursive: true });
    const opened = () =>
      turns.take(ADDRESS, async () => {
        await sleep(20);
        await files.noteHere({ address: ADDRESS, podUid: 'come' });
        await files.forget('away', ADDRESS);
        done.push('opened');
      });
    whenAsked = async () => void opened();
    await tender.tend();
    expect(done).toEqual(['opened']);
  });

  it('is not led to where its pod only may go', async () => {
    await files.noteAway(left(TWO));
    const claimed = { address: ADDRESS, via: THREE, state: 'claimed' as const };
    others.set(TWO, { here: [{ address: ADDRESS, podUid: 'pod' }], away: [claimed] });
    await tender.tend();
    expect(done).toEqual([`lead ${ADDRESS} ${TWO}`]);
  });

  it('is given out again when the pod has ended there, but not at first sight', async () => {
    await files.noteAway(left(TWO));
    others.set(TWO, { here: [], away: [] });
    await tender.tend();
    expect(done).toEqual([]);
    await tender.tend();
    expect(done).toEqual([`forget ${ADDRESS}`]);
    expect(await files.away()).toEqual([]);
  });

  it('stays as it is while the other node does not answer', async () => {
    await files.noteAway(left(TWO));
    others.delete(TWO);
    for (let round = 0; round < 3; round += 1) await tender.tend();
    expect(done).toEqual([]);
    expect(await files.away()).toEqual([left(TWO)]);
  });

  it('is left alone while its pod is on its way', async () => {
    await files.noteAway({ ...left(TWO), state: 'claimed' });
    others.set(TWO, { here: [], away: [] });
    for (let round = 0; round < 3; round += 1) await tender.tend();
    expect(done).toEqual([]);
  });
});

describe('an address whose pod lives here', () => {
  it('is forgotten when the pod has ended, and not before', async () => {
    await files.noteHere({ address: ADDRESS, podUid: 'pod' });
    await mkdir(path.join(dir, 'pods', 'pod'), { recursive: true });
    await tender.tend();
    expect(done).toEqual([]);
    await rm(path.join(dir, 'pods', 'pod'), { recursive: true });
    await tender.tend();
    expect(done).toEqual([`forget ${ADDRESS}`]);
    expect(await files.here()).toEqual([]);
  });

  it('is not forgotten when another pod has come with it meanwhile', async () => {
    await files.noteHere({ address: ADDRESS, podUid: 'before' });
    await mkdir(path.join(dir, 'pods/come'), { recursive: true });
    const opened = turns.take(ADDRESS, async () => {
      await sleep(20);
      await files.noteHere({ address: ADDRESS, podUid: 'come' });
    });
    await tender.tend();
    await opened;
    expect(done).toEqual([]);
    expect(await files.here()).toEqual([{ address: ADDRESS, podUid: 'come' }]);
  });

  it('goes on being led away when the pod went from here', async () => {
    await files.noteHere({ address: ADDRESS, podUid: 'pod' });
    await files.noteAway(left(TWO));
    await tender.tend();
    expect(done).toEqual([`lead ${ADDRESS} ${TWO}`]);
    expect(await files.here()).toEqual([]);
  });
});

it('the other nodes are those to whose pods there are routes', async () => {
  const file = path.join(dir, 'routes');
  await writeFile(file, `10.244.0.0/24 ${TWO}\n10.244.2.0/24 ${THREE}\n`);
  expect(await otherNodes(file)).toEqual(new Set([TWO, THREE]));
});

describe('an address that is held here for a pod which is made anew', () => {
  const held = { address: ADDRESS, via: ONE, state: 'claimed' as const };

  it('is led to where the pod is found', async () => {
    await files.noteAway(held);
    await tender.tend();
    expect(done).toEqual([`lead ${ADDRESS} ${TWO}`]);
    expect(await files.away()).toEqual([left(TWO)]);
  });

  it.each([
    ['is nowhere yet', { here: [], away: [] }],
    ['was there before only', { here: [{ address: ADDRESS, podUid: 'pod' }], away: [left(ONE)] }],
  ])('stays held while the pod %s', async (_, said) => {
    others.set(TWO, said);
    await files.noteAway(held);
    await tender.tend();
    expect(done).toEqual([]);
    expect(await files.away()).toEqual([held]);
  });
});
