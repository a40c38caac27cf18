import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { SmokeLab } from './lab.ts';

let lab: SmokeLab;
const [pod, holder, host, set] = ['smoke-preflight', 'smoke-holder', 'smoke-hostnet', 'smoke-daemon'];
const here = () => lab.workers[0] as string;
const there = () => lab.workers[1] as string;

beforeAll(async () => {
  lab = await SmokeLab.open();
  await Promise.all([lab.startPod(pod, 'tick', here()), lab.apply(...others())]);
  await lab.kubectl(['rollout', 'status', `daemonset/${set}`, '--timeout=60s']);
  await lab.kubectl(['wait', '--for=condition=Ready', `pod/${host}`, `pod/${holder}`, '--timeout=60s']);
});
afterAll(async () => {
  const made = [`daemonset/${set}`, `pod/${host}`, `pod/${holder}`];
  await lab.kubectl(['delete', ...made, '--ignore-not-found', '--timeout=60s']);
  await lab.removePods(pod);
  await lab.close();
});

/** Pods that cannot be moved because of what they are, and one that can be made so by what it holds. */
function others(): object[] {
  const sleeper = {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'sleeper',
        image: inject('probeImage'),
        imagePullPolicy: 'Never',
        command: ['python3', '-c', 'import signal; signal.pause()'],
      },
    ],
  };
  const labels = { smoke: set };
  const pinned = { ...sleeper, nodeSelector: { 'kubernetes.io/hostname': here() } };
  const hostPod = { ...pinned, hostNetwork: true };
  const daemonSet = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: sleeper } };
  return [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: host }, spec: hostPod },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: holder }, spec: pinned },
    { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: set }, spec: daemonSet },
  ];
}

const answer = z.object({
  movable: z.boolean(),
  checks: z.array(z.object({ name: z.string(), status: z.string(), message: z.string() })),
});

async function dryRun(name: string, node: string, ...options: string[]) {
  const done = await lab.tryKubectl(['migrate', name, node, '--dry-run', '-o', 'json', ...options]);
  const parsed = answer.parse(JSON.parse(done.stdout));
  const failed = parsed.checks.filter(({ status }) => status === 'failed');
  return { ...parsed, exitCode: done.exitCode, failed: failed.map((check) => check.name) };
}

/** All that a move, or a look that was none, would leave behind. */
async function traces(of: string) {
  const all = JSON.parse(await lab.kubectl(['get', 'pods', '-o', 'json']));
  const mine = all.items.filter((item: { metadata: { name: string } }) => item.metadata.name.startsWith(of));
  const pods = mine.map(
    ({
      metadata,
      status,
    }: {
      metadata: { name: string; uid: string };
      status: { containerStatuses: object[] };
    }) => ({
      name: metadata.name,
      uid: metadata.uid,
      statuses: status.containerStatuses,
    }),
  );
  const migrations = JSON.parse(await lab.kubectl(['get', 'podmigrations', '-o', 'json']));
  const dryRuns = migrations.items.filter(
    ({ spec }: { spec: { sourcePod?: string; dryRun?: boolean } }) => spec.sourcePod === of && spec.dryRun,
  );
  return { pods, dryRuns: dryRuns.length };
}

/** Runs a Python program in the pod that goes on in the background; gives what it printed first. */
async function hold(program: string): Promise<string> {
  const script = [
    'import os, sys',
    program,
    'sys.stdout.flush()',
    'if os.fork(): os._exit(0)',
    'os.setsid()',
    'open("/tmp/holder", "w").write(str(os.getpid()))',
    'null = os.open("/dev/null", os.O_RDWR)',
    'for fd in (0, 1, 2): os.dup2(null, fd)',
    'import time; time.sleep(600)',
  ].join('\n');
  return (await lab.kubectl(['exec', holder, '--', 'python3', '-c', script])).trim();
}

const letGo = () =>
  lab.kubectl([
    'exec',
    holder,
    '--',
    'python3',
    '-c',
    'import os; os.kill(int(open("/tmp/holder").read()), 9)',
  ]);

describe('a dry run', () => {
  it('says that an ordinary pod can be moved, and leaves nothing behind', async () => {
    const before = await traces(pod);
    const began = await lab.tick(pod);

    const said = await dryRun(pod, there());

    expect(said).toMatchObject({ exitCode: 0, movable: true, failed: [] });
    expect(said.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['PodExists', 'NodeTaints', 'Rights', 'PodAddress', 'Cpu', 'TargetMemory']),
    );
    expect(await traces(pod)).toEqual({ ...before, dryRuns: 0 });
    expect((await lab.tick(pod)).startedAt).toBe(began.startedAt);
  });

  it('without a node says which would do', async () => {
    const done = await lab.tryKubectl(['migrate', pod, '--dry-run']);
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toMatch(new RegExp(`^Candidates +passed +would do: .*${there()}`, 'm'));
  });

  it.each([
    ['a pod of the host’s network', () => host, there, 'HostNamespaces'],
    ['a tainted node', () => pod, () => 'master', 'NodeTaints'],
    ['the node it is on', () => pod, here, 'NodeDiffers'],
    ['a node that is not there', () => pod, () => 'no-such-node', 'NodeExists'],
    ['a pod that is not there', () => 'no-such-pod', there, 'PodExists'],
  ])('of or to %s says no', async (_, name, node, check) => {
    const said = await dryRun(name(), node());
    expect(said).toMatchObject({ exitCode: 1, movable: false });
    expect(said.failed).toContain(check);
  });

  it('of a DaemonSet’s pod says no', async () => {
    const names = await lab.kubectl(['get', 'pods', '-l', `smoke=${set}`, '-o', 'name']);
    const [name = ''] = names.replaceAll('pod/', '').split('\n');
    expect((await dryRun(name, there())).failed).toContain('Controller');
  });

  it('tells names of checks that cannot be ignored, and those that can', async () => {
    const said = await dryRun(pod, there(), '--ignore-checks', 'Quota,Cpu,Nope');
    expect(said).toMatchObject({ exitCode: 1, failed: ['IgnoreChecks'] });
    expect(said.checks[0]?.message).toMatch(
      /Cpu cannot be ignored; there is no check Nope;.*DisruptionBudget/,
    );
  });
});

describe('a pod that holds what cannot be moved', () => {
  it.each([
    [
      'a listener on the pod’s own address',
      'PodAddress',
      'import socket\nholder = socket.create_server((socket.gethostbyname(socket.gethostname()), 7777))\nprint("held")',
    ],
    [
      'a multipath TCP socket',
      'Mptcp',
      'import socket\ntry: holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); print("held")\nexcept OSError as error: print(error)',
    ],
    [
      'a socket of a family that CRIU knows not',
      'Sockets',
      'import socket\ntry: holder = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM); print("held")\nexcept OSError as error: print(error)',
    ],
    [
      'an io_uring',
      'IoUring',
      'import ctypes\nprint("held" if ctypes.CDLL(None).syscall(425, 4, ctypes.create_string_buffer(256)) >= 0 else "none")',
    ],
    [
      'an eventfd that is a semaphore',
      'EventCounters',
      'import os\nholder = os.eventfd(1, os.EFD_SEMAPHORE)\nprint("held")',
    ],
    [
      'a watch in its own file system',
      'FileWatches',
      'import ctypes\nc = ctypes.CDLL(None)\nprint("held" if c.inotify_add_watch(c.inotify_init(), b"/usr", 0x100) >= 0 else "none")',
    ],
  ])(
    '(%s) is refused before it is touched, and could be moved once it has let go',
    async (_, check, program) => {
      const held = await hold(program);
      try {
        // Kernels may be built without it, or have it switched off.
        if (held !== 'held') return expect(held).not.toBe('');
        const before = await traces(holder);

        const refused = await lab.tryKubectl(['migrate', holder, there(), '--address', 'new']);

        expect(refused.exitCode).toBe(1);
        expect(refused.stderr).toContain(`refused: ${check}: `);
        expect(await traces(holder)).toEqual(before);
        expect((await dryRun(holder, there(), '--address', 'new')).failed).toEqual([check]);
      } finally {
        await letGo();
      }
      expect((await dryRun(holder, there(), '--address', 'new')).failed).toEqual([]);
    },
  );
});
