import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Conversation, type Listener } from './conversation.ts';
import { SmokeLab } from './lab.ts';

/** A pod that keeps its address, and clients of every kind and place that keep their connections. */

const image = inject('probeImage');
let lab: SmokeLab;
let conversation: Conversation;
let listeners: Listener[];
beforeAll(async () => {
  lab = await SmokeLab.open();
  conversation = new Conversation(lab, image, 'smoke-address');
  listeners = await conversation.start();
}, 180_000);
afterAll(async () => {
  await conversation?.remove();
  await lab.close();
});

describe('a pod that is moved to another node and back', () => {
  it('keeps its address', async () => {
    const before = await conversation.addresses();
    expect(await conversation.move()).toBe('');
    expect(await conversation.addresses()).toEqual(before);
    expect(await conversation.move()).toBe('');
    expect(await conversation.addresses()).toEqual(before);
  });

  it('is noticed by no client, wherever it is and however it came', async () => {
    const reports = await Promise.all(listeners.map((listener) => conversation.report(listener)));
    expect(reports.flat()).toEqual([]);
  });

  it('keeps the connections that it opened itself, and those that it serves', async () => {
    expect(await conversation.ownReport()).toEqual([]);
  });

  it('gives its address back when it ends', async () => {
    const addresses = await conversation.addresses();
    const home = lab.workers[0] ?? '';
    await conversation.end();
    for (const address of addresses) {
      const family = address.includes(':') ? '-6' : '-4';
      await lab.until(
        `${address} is given out again, and nothing leads to where it was`,
        () =>
          lab.onNode(
            home,
            `ls /run/podferry-cni/podferry/${address} 2>&1; ip ${family} route show table all ${address}`,
          ),
        (text) => text.includes('No such file') && !text.includes('dev'),
        60,
      );
    }
  });
});
