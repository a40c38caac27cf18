import { describe, expect, it } from 'vitest';
import { ioUring, named, openFiles, rights, tracedProcesses } from './process-checks.ts';
import type { Device } from './processes.ts';
import { processWith } from './testing.ts';

const holding = (kind: Device['kind'], major: number, minor: number) => {
  const link = `/dev/${major}-${minor}`;
  return processWith([], { descriptors: [{ path: '/proc/1/fd/3', link, device: { kind, major, minor } }] });
};

describe('the ids of processes', () => {
  it.each([
    ['all root', [0, 0, 0, 0, 0, 0], false, 'passed'],
    ['another user', [1000, 1000, 1000, 0, 0, 0], false, 'failed'],
    ['root of another group', [0, 0, 0, 0, 0, 3000], false, 'failed'],
    ['another user, with the capability', [1000, 1000, 1000, 0, 0, 0], true, 'passed'],
  ])('%s', (_, ids, hasSysResource, status) => {
    expect(rights([processWith([]), processWith([], { ids })], hasSysResource)).toMatchObject({ status });
  });
});

it('a traced process is refused by name and pid', () => {
  expect(tracedProcesses([processWith([])])).toMatchObject({ status: 'passed' });
  const verdict = tracedProcesses([processWith([], { isTraced: true })]);
  expect(verdict).toMatchObject({ status: 'failed', message: expect.stringContaining('app (pid 7') });
});

it('an io_uring is refused, once, by its own check', () => {
  const process = processWith(['/tmp/file', 'anon_inode:[io_uring]']);
  expect(ioUring([process])).toMatchObject({ status: 'failed' });
  expect(openFiles([process])).toMatchObject({ status: 'passed' });
  expect(ioUring([processWith(['anon_inode:[eventpoll]'])])).toMatchObject({ status: 'passed' });
});

describe('open files', () => {
  it.each([
    ['anon_inode:[eventfd]', 'passed'],
    ['anon_inode:[eventpoll]', 'passed'],
    ['anon_inode:inotify', 'passed'],
    ['anon_inode:[pidfd]', 'passed'],
    ['anon_inode:[perf_event]', 'failed'],
    ['anon_inode:[userfaultfd]', 'failed'],
    ['anon_inode:bpf-prog', 'failed'],
    ['socket:[12]', 'passed'],
    ['/memfd:buffer (deleted)', 'passed'],
  ])('%s: %s', (link, status) => {
    expect(openFiles([processWith([link])])).toMatchObject({ status });
  });

  it.each([
    ['/dev/null', 'character', 1, 3, 'passed'],
    ['a pseudo-terminal', 'character', 136, 0, 'passed'],
    ['/dev/net/tun', 'character', 10, 200, 'passed'],
    ['/dev/fuse', 'character', 10, 229, 'failed'],
    ['a GPU', 'character', 195, 0, 'failed'],
    ['a disk', 'block', 8, 0, 'failed'],
  ] as const)('%s', (_, kind, major, minor, status) => {
    expect(openFiles([holding(kind, major, minor)])).toMatchObject({ status });
  });
});

it('a few processes are named, the others counted', () => {
  const many = Array.from({ length: 8 }, (_, pid) => processWith([], { pid }));
  expect(named(many)).toMatch(/pid 4 .*3 more$/);
  expect(named(many.slice(0, 5))).not.toContain('more');
});
