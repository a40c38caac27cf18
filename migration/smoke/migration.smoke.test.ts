import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SmokeLab } from './lab.ts';
import { HOLD, LET_GO } from './undumpable.ts';

let lab: SmokeLab;
let [here, there]: string[] = [];

beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
});
afterAll(() => lab.close());

const first = () => here as string;
const second = () => there as string;

describe('the lab as its outputs describe it', () => {
  it('has every node Ready', async () => {
    const nodes = await lab.kubectl(['get', 'nodes', '--no-headers']);
    for (const { name } of lab.outputs.nodes) expect(nodes).toMatch(new RegExp(`^${name}\\s+Ready\\s`, 'm'));
  });

  it('has run the migrations of the stack, with their times', () => {
    const { tick, checkpoint, restore } = lab.outputs.migrations;
    expect(tick?.from).not.toBe(tick?.to);
    expect(tick?.freezeMs).toBeGreaterThan(0);
    expect(tick?.phases.map((phase) => phase.name)).toEqual(
      expect.arrayContaining(['freeze', 'dump', 'restore']),
    );
    expect(tick?.bytes).toBeGreaterThan(0);
    expect(checkpoint?.checkpointPath).toBeTruthy();
    expect(restore?.pod).toBeTruthy();
  });

  it('answers through the Service of the moved tick, which still counts from where it began', async () => {
    const { namespace, service, port } = lab.outputs.apps.tick;
    const path = `/api/v1/namespaces/${namespace}/services/${service}:${port}/proxy/`;
    const answer = JSON.parse(await lab.kubectl(['get', '--raw', path]));
    expect(answer.node).toBe(lab.outputs.migrations.tick?.from);
    expect(answer.count).toBeGreaterThan(0);
  });
});

describe('a moved tick', () => {
  const pod = 'smoke-tick';
  afterEach(() => lab.removePods(pod));

  it('counts on where it was; logs, exec and delete work; the source is gone', async () => {
    await lab.startPod(pod, 'tick', first());
    const before = await lab.until(
      'a count',
      () => lab.tick(pod),
      (answer) => answer.count > 50,
    );

    const moved = await lab.migrate(pod, second());

    expect(moved).toMatchObject({
      sourceNode: first(),
      targetNode: second(),
      targetPod: `${pod}-migration-1`,
    });
    expect(await lab.nodeOf(moved.targetPod)).toBe(second());
    expect((await lab.tryKubectl(['get', 'pod', pod])).stderr).toContain('NotFound');
    const after = await lab.tick(moved.targetPod);
    expect(after).toMatchObject({ startedAt: before.startedAt, node: first(), pod: moved.targetPod });
    expect(after.count).toBeGreaterThanOrEqual(before.count);
    await lab.until(
      'it counts on',
      () => lab.tick(moved.targetPod),
      (answer) => answer.count > after.count,
    );
    await lab.until(
      'a line in its log',
      () => lab.kubectl(['logs', moved.targetPod]),
      (log) => log.length > 0,
    );
    expect(await lab.kubectl(['exec', moved.targetPod, '--', 'python3', '-c', 'print("inside")'])).toContain(
      'inside',
    );
    await lab.kubectl(['delete', 'pod', moved.targetPod, '--timeout=30s']);
  });
});

describe('a redis with data', () => {
  const pod = 'smoke-redis';
  afterEach(() => lab.removePods(pod));

  it('answers the same data after a move', async () => {
    await lab.startPod(pod, 'redis', first());
    await lab.redis(pod, 'debug', 'populate', '20000', 'smoke', '100');
    await lab.redis(pod, 'set', 'greeting', 'still here');
    const before = await lab.redis(pod, 'debug', 'digest');
    expect(before).toMatch(/^[0-9a-f]{40}$/);

    const { targetPod } = await lab.migrate(pod, second());

    expect(await lab.redis(targetPod, 'get', 'greeting')).toBe('still here');
    expect(await lab.redis(targetPod, 'debug', 'digest')).toBe(before);
  });

  it('is restored twice at once from one checkpoint, and itself goes on', async () => {
    await lab.startPod(pod, 'redis', first());
    await lab.redis(pod, 'set', 'kept', 'in the checkpoint');
    await lab.kubectl(['checkpoint', pod, '/smoke-checkpoint']);
    await lab.redis(pod, 'set', 'kept', 'changed afterwards');
    const restore = {
      apiVersion: 'podmig.dcn.ssu.ac.kr/v1',
      kind: 'Podmigration',
      metadata: { name: 'smoke-restore' },
      spec: {
        action: 'restore',
        replicas: 2,
        snapshotPath: '/smoke-checkpoint/smoke',
        destHost: second(),
        template: {
          metadata: { name: 'smoke-copy', labels: { 'podferry.dev/smoke': pod } },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [{ name: 'redis', image: lab.outputs.apps.image.redis, imagePullPolicy: 'Never' }],
          },
        },
      },
    };
    try {
      await lab.apply(restore);
      await lab.kubectl(['wait', '--for=condition=Complete', 'podmigration/smoke-restore', '--timeout=90s']);
      const copies = (await lab.kubectl(['get', 'pods', '-l', 'migratingPod=smoke-restore', '-o', 'name']))
        .trim()
        .split('\n');
      expect(copies).toHaveLength(2);
      for (const copy of copies) {
        const name = copy.replace('pod/', '');
        expect(await lab.redis(name, 'get', 'kept')).toBe('in the checkpoint');
        expect(await lab.nodeOf(name)).toBe(second());
      }
      expect(await lab.redis(pod, 'get', 'kept')).toBe('changed afterwards');
    } finally {
      await lab.kubectl(['delete', 'podmigration', 'smoke-restore', '--ignore-not-found', '--timeout=60s']);
    }
  });
});

describe('a move that cannot be', () => {
  const pod = 'smoke-refused';
  beforeAll(() => lab.startPod(pod, 'tick', first()));
  afterAll(() => lab.removePods(pod));

  it.each([
    ['a pod that does not exist', 'no-such-pod', () => second(), /no-such-pod/],
    ['a node that does not exist', pod, () => 'no-such-node', /no-such-node/],
    ['the node it is on', pod, () => first(), /already/i],
  ])('to or of %s is refused with the reason, and nothing is touched', async (_, name, node, reason) => {
    const before = await lab.tick(pod);

    const refused = await lab.tryKubectl(['migrate', name, node()]);

    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(reason);
    const after = await lab.tick(pod);
    expect(after.startedAt).toBe(before.startedAt);
    expect(after.count).toBeGreaterThanOrEqual(before.count);
    const pods = await lab.kubectl(['get', 'pods', '-l', `podferry.dev/smoke=${pod}`, '-o', 'name']);
    expect(pods.trim()).toBe(`pod/${pod}`);
  });
});

describe('a pod that CRIU cannot dump', () => {
  const pod = 'smoke-undumpable';
  afterEach(() => lab.removePods(pod));

  it('goes on at its source, the error holds CRIU’s own words, and the next try works', async () => {
    await lab.startPod(pod, 'tick', first());
    await lab.kubectl(['exec', pod, '--', 'python3', '-c', HOLD]);
    const before = await lab.tick(pod);

    const failed = await lab.tryKubectl(['migrate', pod, second()]);

    expect(failed.exitCode).not.toBe(0);
    expect(failed.stderr).toMatch(/Error \(criu/);
    const after = await lab.tick(pod);
    expect(after.startedAt).toBe(before.startedAt);
    await lab.until(
      'it counts on',
      () => lab.tick(pod),
      (answer) => answer.count > after.count,
    );
    const migrations = JSON.parse(await lab.kubectl(['get', 'podmigrations', '-o', 'json']));
    const mine = migrations.items.find(
      (item: { spec: { sourcePod?: string } }) => item.spec.sourcePod === pod,
    );
    expect(mine.status.state).toBe('Failed');
    expect(mine.status.error.criuLog.join('\n')).toMatch(/Error \(criu/);
    const events = await lab.kubectl(['get', 'events', '-o', 'json']);
    expect(events).toMatch(/Error \(criu/);

    await lab.kubectl(['exec', pod, '--', 'python3', '-c', LET_GO]);
    const moved = await lab.migrate(pod, second());
    expect((await lab.tick(moved.targetPod)).startedAt).toBe(before.startedAt);
  });
});
