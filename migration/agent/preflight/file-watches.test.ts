import { expect, it } from 'vitest';
import { eventCounters, fileWatches, parseOverlays } from './file-watches.ts';
import { processWith } from './testing.ts';

const MOUNTS = `1201 987 0:413 / / rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c
1202 1201 0:416 / /proc rw,nosuid - proc proc rw
1203 1201 8:1 /pods/x /data rw - ext4 /dev/sda1 rw
`;
const telling = (link: string, info: string) =>
  processWith([], { descriptors: [{ path: '/proc/9/fd/5', link, info }] });
const watching = (sdev: string) =>
  telling(
    'anon_inode:inotify',
    `pos:\t0\nflags:\t00\ninotify wd:1 ino:2f1 sdev:${sdev} mask:fce ignored_mask:0 fhandle-bytes:8`,
  );

it('a watch in the container’s own file system is refused, one in a volume is not', () => {
  const overlays = parseOverlays(MOUNTS);
  expect([...overlays]).toEqual([(413).toString(16)]);
  expect(fileWatches([watching('19d')], overlays)).toMatchObject({ status: 'failed' });
  expect(fileWatches([watching('800001')], overlays)).toMatchObject({ status: 'passed' });
  expect(fileWatches([processWith(['/etc/passwd'])], overlays)).toMatchObject({ status: 'passed' });
});

it('an eventfd that is a semaphore is refused, one that counts is not', () => {
  const eventfd = (semaphore: 0 | 1) =>
    telling(
      'anon_inode:[eventfd]',
      `pos:\t0\neventfd-count:                3\neventfd-semaphore: ${semaphore}\n`,
    );
  expect(eventCounters([eventfd(1)])).toMatchObject({ status: 'failed' });
  expect(eventCounters([eventfd(0)])).toMatchObject({ status: 'passed' });
});
