import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Conversation, type Listener } from './conversation.ts';
import { SmokeLab } from './lab.ts';
import { SteadyClients } from './steady-clients.ts';

/** Moves one after another, of pods that keep their addresses, under clients that are at work all the time. */

const MOVES = 10;

const image = inject('probeImage');
let lab: SmokeLab;
beforeAll(async () => {
  lab = await SmokeLab.open();
});
afterAll(async () => {
  await lab.close();
});

describe(`${MOVES} moves of a pod that serves clients of every kind and place`, () => {
  let conversation: Conversation;
  let listeners: Listener[];
  beforeAll(async () => {
    conversation = new Conversation(lab, image, 'full-address');
    listeners = await conversation.start();
  });
  afterAll(async () => {
    await conversation?.remove();
  });

  it('are all made, with the address', async () => {
    const before = await conversation.addresses();
    for (let move = 1; move <= MOVES; move++) {
      expect(await conversation.move(), `move ${move}`).toBe('');
      expect(await conversation.addresses()).toEqual(before);
    }
  });

  it('are noticed by no client, and break nothing of the pod’s own', async () => {
    const reports = await Promise.all(listeners.map((listener) => conversation.report(listener)));
    expect([...reports.flat(), ...(await conversation.ownReport())]).toEqual([]);
  });
});

describe('a pod that goes on from one node to a third, and then home', () => {
  let conversation: Conversation;
  let listeners: Listener[];
  beforeAll(async () => {
    conversation = new Conversation(lab, image, 'third-address');
    listeners = await conversation.start();
  });
  afterAll(async () => {
    await conversation?.remove();
  });

  it('keeps its address all the way', async () => {
    const before = await conversation.addresses();
    const [home = '', second = ''] = lab.workers;
    const third = lab.master.name;
    for (const node of [second, third, home]) {
      expect(await conversation.move(node), `to ${node}`).toBe('');
      expect(await conversation.addresses()).toEqual(before);
    }
  });

  it('is noticed by no client, and keeps its own connections', async () => {
    const reports = await Promise.all(listeners.map((listener) => conversation.report(listener)));
    expect([...reports.flat(), ...(await conversation.ownReport())]).toEqual([]);
  });
});

describe(`${MOVES} moves of a redis and a PostgreSQL`, () => {
  let steady: SteadyClients;
  beforeAll(async () => {
    steady = new SteadyClients(lab, image, 'full-steady');
    await steady.start();
  });
  afterAll(async () => {
    await steady?.remove();
  });

  it('are all made', async () => {
    for (let move = 1; move <= MOVES; move++) expect(await steady.move(), `move ${move}`).toEqual([]);
  });

  it('are no error to redis’ own benchmark, which runs through them', async () => {
    expect(await steady.benchmarkReport()).toBe('');
  });

  it('leave a session in its transaction, which then commits', async () => {
    expect(await steady.sessionReport()).toBe('t');
  });
});
