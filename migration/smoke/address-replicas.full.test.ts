import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SmokeLab } from './lab.ts';

/** A Deployment whose replicas are all moved with their addresses, and then replaced by a rollout. */

const APP = 'smoke-replicas';
const LABEL = 'podferry.dev/smoke-replicas';
const REPLICAS = 3;

let lab: SmokeLab;
let workers: string[];
beforeAll(async () => {
  lab = await SmokeLab.open();
  workers = lab.workers;
  const metadata = { name: APP, labels: { [LABEL]: APP } };
  const selector = { [LABEL]: APP };
  const readinessProbe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 };
  const image = lab.outputs.apps.image.tick;
  const template = {
    metadata: { labels: selector },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'tick', image, imagePullPolicy: 'Never', readinessProbe }],
    },
  };
  const objects = [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: REPLICAS, selector: { matchLabels: selector }, template },
    },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector, ports: [{ port: 8080 }] } },
  ];
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await lab.kubectl(['apply', '-f', '-'], JSON.stringify(list));
  await lab.kubectl(['rollout', 'status', `deployment/${APP}`, '--timeout=60s']);
});
afterAll(async () => {
  await lab.kubectl(['delete', 'deployment,service,pod', '-l', `${LABEL}=${APP}`, '--timeout=60s']);
  await lab.close();
});

const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        deletionTimestamp: z.string().optional(),
        ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
      }),
      spec: z.object({ nodeName: z.string() }),
      status: z.object({ podIP: z.string().default('') }),
    }),
  ),
});

interface Replica {
  name: string;
  node: string;
  address: string;
  owner: string;
}

/** The replicas that are not about to end, by their addresses. */
async function replicas(): Promise<Replica[]> {
  const raw = await lab.kubectl(['get', 'pods', '-l', `${LABEL}=${APP}`, '-o', 'json']);
  return podList
    .parse(JSON.parse(raw))
    .items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      node: spec.nodeName,
      address: status.podIP,
      owner: metadata.ownerReferences[0]?.name ?? '',
    }))
    .toSorted((a, b) => a.address.localeCompare(b.address));
}

/** To whom the Service sends. */
async function endpoints(): Promise<string[]> {
  const all = await lab.endpoints(APP);
  return all.filter(({ ready }) => ready).map(({ pod, addresses }) => `${pod} ${addresses.join()}`);
}

const listed = (pods: readonly Replica[]) =>
  pods.toSorted((a, b) => a.name.localeCompare(b.name)).map(({ name, address }) => `${name} ${address}`);
const addressesOf = (pods: readonly Replica[]) => pods.map(({ address }) => address);

describe('a Deployment whose replicas are moved with their addresses, one after the other', () => {
  let before: Replica[];
  let after: Replica[];

  it('has as many as before, each with its address, and starts none for them', async () => {
    before = await replicas();
    expect(new Set(addressesOf(before)).size).toBe(REPLICAS);
    for (const { name, node } of before) {
      const there = workers.find((worker) => worker !== node) ?? '';
      await lab.kubectl(['migrate', name, there, '--address', 'keep']);
    }
    after = await lab.until('as many replicas as before', replicas, (pods) => pods.length === REPLICAS);
    expect(addressesOf(after)).toEqual(addressesOf(before));
    expect(after.map(({ owner }) => owner)).toEqual(before.map(({ owner }) => owner));
    const moved = after.map(
      ({ name, node }, place) => name !== before[place]?.name && node !== before[place]?.node,
    );
    expect(moved).toEqual(Array(REPLICAS).fill(true));
  });

  it('has them all listed by its Service, and nobody else', async () => {
    await lab.until('the endpoints', endpoints, (found) => found.join() === listed(after).join(), 20);
  });

  it('replaces them by a rollout: pods with addresses of their nodes, and the old ones are given back', async () => {
    await lab.kubectl(['rollout', 'restart', `deployment/${APP}`]);
    await lab.kubectl(['rollout', 'status', `deployment/${APP}`, '--timeout=90s']);
    const fresh = await lab.until('as many replicas as before', replicas, (pods) => pods.length === REPLICAS);
    expect(addressesOf(fresh).filter((address) => addressesOf(before).includes(address))).toEqual([]);
    await lab.until('the endpoints', endpoints, (found) => found.join() === listed(fresh).join(), 20);
    for (const { address, node: home } of before)
      await lab.until(
        `${address} is given out again, and leads nowhere`,
        () =>
          lab.onNode(
            home,
            `ls /run/podferry-cni/podferry/${address} 2>&1; ip route show table all ${address}`,
          ),
        (text) => text.includes('No such file') && !text.includes('dev'),
      );
  });
});
