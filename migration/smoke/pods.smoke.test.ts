import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { SmokeLab } from './lab.ts';
import { type Outcome, PodSet, type PodSpec } from './pod-set.ts';
import { type Identity, Probes, probeContainer, type Report } from './probe.ts';

/** Pods as they are in production: several containers, hooks, probes, limits, privileges. None may notice its move. */

const image = inject('probeImage');
let lab: SmokeLab;
let set: PodSet;
let probes: Probes;

const config = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'smoke-pods' },
  data: {
    setting: 'from the ConfigMap',
    'count.sh': 'n=0; while :; do n=$((n + 1)); echo $n; sleep 0.2; done',
  },
};

const work = { name: 'work', mountPath: '/work' };
/** A command that leaves a line in the pod's folder each time it is run. */
const leavesLine = (file: string) => ['sh', '-c', `echo ran >>/work/${file}`];
/** How the kubelet looks after a container here: every second. */
const everySecond = { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 3 };

const pods: Record<string, PodSpec> = {
  pair: {
    containers: [
      probeContainer(image, ['pair:first,/work'], { name: 'first', volumeMounts: [work] }),
      probeContainer(image, ['pair:second,/work', 'ipc:second'], {
        name: 'second',
        env: [{ name: 'PORT', value: '8081' }],
        volumeMounts: [work],
      }),
    ],
    volumes: [{ name: 'work', emptyDir: {} }],
  },
  hooks: {
    initContainers: [
      { name: 'init', image, imagePullPolicy: 'Never', command: leavesLine('init'), volumeMounts: [work] },
      probeContainer(image, ['processes'], {
        name: 'sidecar',
        restartPolicy: 'Always',
        env: [{ name: 'PORT', value: '8081' }],
        lifecycle: { postStart: { exec: { command: leavesLine('sidecar-hook') } } },
        volumeMounts: [work],
      }),
      { name: 'late', image, imagePullPolicy: 'Never', command: leavesLine('late'), volumeMounts: [work] },
    ],
    containers: [
      probeContainer(image, [], {
        name: 'app',
        lifecycle: { postStart: { exec: { command: leavesLine('app-hook') } } },
        volumeMounts: [work],
      }),
    ],
    volumes: [{ name: 'work', emptyDir: {} }],
  },
  cluster: {
    containers: [
      probeContainer(image, ['cluster', 'processes'], {
        env: [
          { name: 'GREETING', value: 'hello world' },
          { name: 'FROM_CONFIG', valueFrom: { configMapKeyRef: { name: 'smoke-pods', key: 'setting' } } },
        ],
        resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
      }),
    ],
  },
  tight: {
    // The probe is about 115 MiB large when it holds 100 MiB.
    containers: [probeContainer(image, ['memory:100'], { resources: { limits: { memory: '132Mi' } } })],
  },
  looked: {
    containers: [
      probeContainer(image, [], {
        startupProbe: { httpGet: { path: '/', port: 8080 }, ...everySecond, failureThreshold: 30 },
        livenessProbe: { httpGet: { path: '/', port: 8080 }, ...everySecond },
        readinessProbe: { exec: { command: ['cat', '/etc/passwd'] }, ...everySecond },
      }),
      probeContainer(image, [], {
        name: 'second',
        env: [{ name: 'PORT', value: '8081' }],
        startupProbe: { exec: { command: ['cat', '/etc/passwd'] }, ...everySecond },
        livenessProbe: { exec: { command: ['sleep', '0.3'] }, ...everySecond },
        readinessProbe: { tcpSocket: { port: 8081 }, ...everySecond },
      }),
    ],
  },
  confined: {
    securityContext: {
      seccompProfile: { type: 'RuntimeDefault' },
      supplementalGroups: [4321, 4322],
      fsGroup: 2345,
    },
    containers: [
      probeContainer(image, ['processes', 'waits:/tmp', 'memory:20'], {
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'KILL'] },
        },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      }),
    ],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  },
  terminal: {
    containers: [
      {
        name: 'shell',
        image,
        imagePullPolicy: 'Never',
        // Goes on when whoever is attached ends.
        command: ['sh', '-iI'],
        stdin: true,
        tty: true,
      },
    ],
  },
  script: {
    containers: [
      {
        name: 'script',
        image,
        imagePullPolicy: 'Never',
        command: ['sh', '/config/count.sh'],
        volumeMounts: [{ name: 'config', mountPath: '/config' }],
      },
    ],
    volumes: [{ name: 'config', configMap: { name: 'smoke-pods' } }],
  },
  always: { containers: [probeContainer(image, [])] },
  'on-failure': { restartPolicy: 'OnFailure', containers: [probeContainer(image, [])] },
  never: {
    restartPolicy: 'Never',
    containers: [
      probeContainer(image, [], {
        command: [
          'sh',
          '-c',
          'echo "last words" >/dev/termination-log; python3 -u /usr/local/lib/probe/main.py; exit $?',
        ],
      }),
    ],
  },
};

/** Every probe of the pods: pod and port. */
const PROBES: [string, number][] = [
  ['pair', 8080],
  ['pair', 8081],
  ['hooks', 8080],
  ['hooks', 8081],
  ['cluster', 8080],
  ['tight', 8080],
  ['looked', 8080],
  ['looked', 8081],
  ['confined', 8080],
  ['always', 8080],
  ['on-failure', 8080],
  ['never', 8080],
];

let outcomes: Record<string, Outcome>;
/** A command that somebody runs in a pod with `kubectl exec` when it is moved. */
let session: ReturnType<SmokeLab['tryKubectl']>;
let before: Identity[];
let after: Identity[];
let reports: Report[];

beforeAll(async () => {
  lab = await SmokeLab.open();
  set = new PodSet(lab, 'smoke-pods');
  probes = new Probes(lab);
  await set.start(pods, [config]);
  before = await Promise.all(PROBES.map(([pod, port]) => probes.identity(set.pod(pod), port)));
  await type('kept="a word that was typed before"');
  session = lab.tryKubectl(['exec', set.pod('always'), '--', 'sleep', '300']);
  outcomes = await set.move();
  after = await Promise.all(PROBES.map(([pod, port]) => probes.identity(set.pod(pod), port)));
  reports = await Promise.all(PROBES.map(([pod, port]) => probes.check(set.pod(pod), port)));
});
afterAll(async () => {
  await set.remove();
  await lab.close();
});

/** Types a line at the pod's terminal, which takes a terminal here: script(1) makes one. @returns what it showed */
async function type(line: string): Promise<string> {
  const attach = `kubectl attach ${set.pod('terminal')} -n ${lab.namespace} -it`;
  return lab.shell(
    `(sleep 1; printf '%s\\n' '${line}'; sleep 1) | timeout 3 script -qec '${attach}' /dev/null`,
  );
}

const podStatus = z.object({
  phase: z.string(),
  conditions: z.array(z.object({ type: z.string(), status: z.string() })),
  containerStatuses: z.array(
    z.object({
      name: z.string(),
      restartCount: z.int(),
      state: z.object({
        terminated: z.object({ exitCode: z.int(), message: z.string().default('') }).optional(),
      }),
    }),
  ),
  initContainerStatuses: z.array(z.object({ name: z.string(), restartCount: z.int() })).default([]),
});

async function statusOf(key: string): Promise<z.infer<typeof podStatus>> {
  const pod = JSON.parse(await lab.kubectl(['get', 'pod', set.pod(key), '-o', 'json']));
  return podStatus.parse(pod.status);
}

/** How often a step has left its line in the folder of the pod `hooks`. */
async function lines(file: string): Promise<number> {
  const exec = ['exec', set.pod('hooks'), '-c', 'app', '--', 'cat', `/work/${file}`];
  return (await lab.kubectl(exec)).trim().split('\n').length;
}

describe.each(Object.keys(pods))('the pod %s', (key) => {
  it('is moved', () => {
    expect(outcomes[key]?.why).toBe('');
    expect(outcomes[key]?.state).toBe('Succeeded');
  });

  it('has restarted nothing, is Ready and has its own name', async () => {
    const { conditions, containerStatuses, initContainerStatuses } = await statusOf(key);
    expect(conditions).toContainEqual({ type: 'Ready', status: 'True' });
    for (const { name, restartCount } of [...containerStatuses, ...initContainerStatuses])
      expect(restartCount, `restarts of ${name}`).toBe(0);
  });
});

describe.each(PROBES)('the probe in %s on port %i', (key, port) => {
  const index = PROBES.findIndex((probe) => probe[0] === key && probe[1] === port);

  it('is the very process, under the new pod’s name', () => {
    expect(after[index]).toEqual({ ...before[index], host: set.pod(key) });
  });

  it('keeps every property', () => {
    for (const [group, properties] of Object.entries(reports[index] ?? {})) {
      const broken = Object.entries(properties).filter(([, verdict]) => verdict !== 'kept');
      expect(Object.fromEntries(broken), group).toEqual({});
    }
  });
});

describe('steps of a pod’s start', () => {
  it.each(['init', 'late', 'sidecar-hook', 'app-hook'])('%s was not run again by the move', async (file) => {
    expect(await lines(file)).toBe(1);
  });

  it('are run again where they belong when a container crashes after its move', async () => {
    const index = PROBES.findIndex(([key, port]) => key === 'hooks' && port === 8081);
    await probes.exit(set.pod('hooks'), 3);
    await lab.until(
      'the container is started again',
      () => statusOf('hooks'),
      ({ containerStatuses }) => containerStatuses[0]?.restartCount === 1,
    );
    const again = await probes.identity(set.pod('hooks'));
    expect(again.nonce).not.toBe(before[PROBES.findIndex(([key]) => key === 'hooks')]?.nonce);
    expect(await lines('app-hook')).toBe(2);
    expect(await lines('init')).toBe(1);
    expect((await probes.identity(set.pod('hooks'), 8081)).nonce).toBe(before[index]?.nonce);
  });
});

describe('a container that ends after its move', () => {
  it('starts fresh, once, where it is always restarted', async () => {
    await probes.exit(set.pod('always'), 0);
    await lab.until(
      'it is started again',
      () => statusOf('always'),
      ({ containerStatuses }) => containerStatuses[0]?.restartCount === 1,
    );
    const now = await probes.identity(set.pod('always'));
    expect(before.map(({ nonce }) => nonce)).not.toContain(now.nonce);
    expect(now.host).toBe(set.pod('always'));
    expect((await statusOf('always')).containerStatuses[0]?.restartCount).toBe(1);
  });

  it('ends for good with code 0 where it is restarted on failure', async () => {
    await probes.exit(set.pod('on-failure'), 0);
    const { containerStatuses } = await lab.until(
      'it is over',
      () => statusOf('on-failure'),
      ({ phase }) => phase === 'Succeeded',
    );
    expect(containerStatuses[0]).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 0 } } });
  });

  it('ends with its code and the message it left before the move where it is never restarted', async () => {
    await probes.exit(set.pod('never'), 7);
    const { containerStatuses } = await lab.until(
      'it is over',
      () => statusOf('never'),
      ({ phase }) => phase === 'Failed',
    );
    const terminated = { exitCode: 7, message: 'last words\n' };
    expect(containerStatuses[0]).toMatchObject({ restartCount: 0, state: { terminated } });
  });
});

describe('limits', () => {
  it('hold the moved container, by a control group of the new pod', async () => {
    const pod = ['get', 'pod', set.pod('cluster'), '-o', 'jsonpath={.metadata.uid} {.spec.nodeName}'];
    const [uid = '', node = ''] = (await lab.kubectl(pod)).split(' ');
    // With systemd's names, a uid is written with other dashes.
    const folders = `find /sys/fs/cgroup -path '*${uid}*/*' -o -path '*${uid.replaceAll('-', '_')}*/*'`;
    const limited = `grep -lx ${256 << 20} $(${folders} | grep -E '/memory.(max|limit_in_bytes)$')`;
    const inside = await lab.onNode(node, `for f in $(${limited}); do cat "\${f%/*}/cgroup.procs"; done`);
    expect(inside.trim().split('\n').length).toBeGreaterThan(1);
  });
});

describe('people at a moved pod', () => {
  it('go on at its terminal with what they typed before', async () => {
    const shown = await lab.until(
      'the terminal shows what was kept',
      () => type('echo "<$kept>"'),
      (text) => text.includes('<a word that was typed before>'),
      20,
    );
    expect(shown).toContain('<a word that was typed before>');
  });

  it('see a command end that they ran with kubectl exec: it is no process of the pod’s own', async () => {
    expect(await session).toMatchObject({ exitCode: 137 });
    const list = ['exec', set.pod('always'), '--', 'sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'];
    expect(await lab.kubectl(list)).not.toContain('sleep 300');
  });

  it('read its log, which goes on', async () => {
    const read = async () => (await lab.kubectl(['logs', set.pod('script')])).trim().split('\n').map(Number);
    const first = await lab.until('a line', read, (numbers) => (numbers[0] ?? 0) > 0);
    await lab.until('more lines', read, (numbers) => numbers.length > first.length + 3);
    const numbers = await read();
    expect(numbers[0]).toBeGreaterThan(1);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  });

  it('run commands in each of its containers', async () => {
    for (const container of ['first', 'second']) {
      const exec = ['exec', set.pod('pair'), '-c', container, '--', 'cat', '/work/first'];
      expect(await lab.kubectl(exec)).toBe('first');
    }
  });
});

describe('the kubelet’s own looks at a moved pod', () => {
  it('went on for seconds without a word', async () => {
    const uid = await lab.kubectl(['get', 'pod', set.pod('looked'), '-o', 'jsonpath={.metadata.uid}']);
    const said = (reason: string) => {
      const selector = `involvedObject.uid=${uid},reason=${reason}`;
      const messages = 'jsonpath={.items[*].message}';
      return lab.kubectl(['get', 'events', '--field-selector', selector, '-o', messages]);
    };
    // As long as all looks in a row that would have to fail before a container is killed, and more.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(await said('Killing')).toBe('');
    expect(await said('Unhealthy')).not.toMatch(/Liveness/);
    const { containerStatuses } = await statusOf('looked');
    expect(containerStatuses.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
  });
});
