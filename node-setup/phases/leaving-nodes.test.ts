import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { masterOf, phaseScripts } from '../phase.ts';
import { exampleContext, exampleLab } from '../testing.ts';
import { leavingNodes } from './leaving-nodes.ts';

const THREE_WORKERS = exampleLab(3);
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'podferry-leaving-'));
  for (const folder of ['podferry', 'kubernetes']) mkdirSync(path.join(dir, folder));
  writeFileSync(path.join(dir, 'kubernetes/admin.conf'), '');
  const others = THREE_WORKERS.hosts.filter(({ role }) => role === 'worker');
  const routes = others.map(({ podCidr, address }) => `${podCidr} ${address}\n`);
  writeFileSync(path.join(dir, 'podferry/routes'), routes.join(''));
});
afterEach(() => rmSync(dir, { recursive: true }));

const nodes = THREE_WORKERS.hosts.map(({ name, address }) => ({
  kind: 'Node',
  metadata: { name },
  status: {
    addresses: [
      { type: 'Hostname', address: name },
      { type: 'InternalIP', address },
    ],
  },
}));

interface Changes {
  metadata?: object;
  spec?: object;
  status?: object;
}

function pod(name: string, nodeName: string, podIP: string, { metadata, spec, status }: Changes = {}) {
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'samples', ...metadata },
    spec: { nodeName, ...spec },
    status: { phase: 'Running', podIP, ...status },
  };
}

/** What the phase says on the master of a lab that had three workers and is to have so many. */
function asked(workers: number, pods: object[], kubectl = `cat '${dir}/objects'`) {
  const lab = exampleLab(workers);
  writeFileSync(path.join(dir, 'objects'), JSON.stringify({ items: [...nodes, ...pods] }));
  const script = phaseScripts(leavingNodes, exampleContext(lab, masterOf(lab)))
    .setUp.replaceAll('/etc/', `${dir}/`)
    .replaceAll('/run/podferry', `${dir}/run`);
  const { status, stderr } = spawnSync('sh', ['-c', `kubectl() { ${kubectl}; }\n${script}`], {
    encoding: 'utf8',
  });
  return { status, stderr };
}

const away = pod('web-1', 'worker1', '10.244.3.5');
const guest = pod('db-2', 'worker3', '10.244.1.7');
const passed = { status: 0, stderr: '' };

describe('a worker that is to leave the lab', () => {
  it('stays when a pod lives elsewhere with one of its addresses, and the way out is told', () => {
    const { status, stderr } = asked(2, [away]);
    expect(status).toBe(1);
    expect(stderr).toContain('samples/web-1 lives on worker1 with an address of worker3, 10.244.3.5.');
    expect(stderr).toContain('kubectl migrate web-1 NODE -n samples --address new');
  });

  it('stays when a pod lives on it with another node’s address, and the way out is told', () => {
    const { status, stderr } = asked(2, [guest]);
    expect(status).toBe(1);
    expect(stderr).toContain('samples/db-2 lives on worker3 with an address of worker1, 10.244.1.7.');
    expect(stderr).toContain('kubectl migrate db-2 worker1 -n samples --address keep');
  });

  it('stays for all of them, and one that stays in the lab has nothing to do with it', () => {
    const onStaying = pod('cache', 'worker2', '10.244.1.9');
    const { stderr } = asked(2, [away, guest, onStaying]);
    expect(stderr).toContain('web-1');
    expect(stderr).toContain('db-2');
    expect(stderr).not.toContain('cache');
  });

  it.each([
    ['pods live where their addresses are from', pod('web', 'worker3', '10.244.3.5')],
    [
      'the pod has the node’s own address',
      pod('proxy', 'worker3', '10.98.0.13', { spec: { hostNetwork: true } }),
    ],
    ['the pod has ended', pod('job', 'worker1', '10.244.3.5', { status: { phase: 'Succeeded' } })],
    [
      'the pod is about to end',
      pod('web', 'worker1', '10.244.3.5', { metadata: { deletionTimestamp: 'now' } }),
    ],
    ['the pod has no address yet', pod('web', 'worker1', '', { status: { podIP: undefined } })],
    ['both nodes stay', pod('web', 'worker2', '10.244.1.5')],
  ])('leaves when %s', (_, one) => {
    expect(asked(2, [one])).toEqual(passed);
  });

  it('stays when the API server does not say which pods there are', () => {
    const broken = 'case "$*" in *readyz*) ;; *) return 1 ;; esac';
    expect(asked(2, [], broken).status).toBe(1);
  });
});

describe('nothing is asked', () => {
  const silent = 'echo asked >&2; return 1';

  it('when nobody leaves', () => {
    expect(asked(3, [away], silent)).toEqual(passed);
    expect(asked(4, [away], silent)).toEqual(passed);
  });

  it('when there is no cluster yet', () => {
    rmSync(path.join(dir, 'kubernetes/admin.conf'));
    expect(asked(2, [away], silent)).toEqual(passed);
  });
});
