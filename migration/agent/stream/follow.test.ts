import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderFollower } from './follow.ts';
import { StateSender } from './sender.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-follow-'));
});
afterEach(() => rm(dir, { recursive: true }));

const image = () => path.join(dir, 'pages-1.img');

/** What came of a folder is tested with the deliveries; here, what must not pass. */
describe('a folder that is followed', () => {
  async function followed(): Promise<FolderFollower> {
    writeFileSync(image(), 'memory');
    const output = new PassThrough();
    output.resume();
    const follower = new FolderFollower(new StateSender(output), new Map([['main/image', dir]]));
    await follower.follow(Promise.resolve());
    return follower;
  }

  it('must not be written to after its writer has ended', async () => {
    const follower = await followed();
    appendFileSync(image(), ', and more');
    expect(() => follower.end()).toThrow('main/image/pages-1.img has 16 bytes after 6 were sent');
    follower.close();
  });

  it('must not lose what was sent', async () => {
    const follower = await followed();
    truncateSync(image(), 2);
    expect(() => follower.end()).toThrow('main/image/pages-1.img has 2 bytes after 6 were sent');
    follower.close();
  });

  it('has a file sent at once that is complete, and once only', async () => {
    writeFileSync(path.join(dir, 'descriptors.json'), '[]');
    const begun: string[] = [];
    const sender = new StateSender(new PassThrough().resume());
    const begin = sender.begin.bind(sender);
    sender.begin = (name) => {
      begun.push(name);
      return begin(name);
    };
    const follower = new FolderFollower(sender, new Map([['main/image', dir]]));
    await follower.sendComplete('descriptors.json');
    expect(begun).toEqual(['main/image/descriptors.json']);
    writeFileSync(image(), 'memory');
    await follower.follow(Promise.resolve());
    expect(begun).toEqual(['main/image/descriptors.json', 'main/image/pages-1.img']);
    follower.end();
    expect(sender.bytes).toBe(8);
  });

  it('breaks off when the connection does, though its writer goes on', async () => {
    writeFileSync(image(), Buffer.alloc(2_000_000));
    const output = new PassThrough();
    const follower = new FolderFollower(new StateSender(output), new Map([['main/image', dir]]));
    const following = follower.follow(new Promise(() => undefined));
    output.destroy();
    await expect(following).rejects.toThrow('the connection was closed');
    follower.close();
  });
});
