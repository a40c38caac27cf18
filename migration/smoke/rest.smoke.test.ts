import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RestRoute, restPath, restRoutes } from '../contract/rest.ts';
import { legacyError, legacyList, legacyPodmigration } from '../contract/rest-legacy.ts';
import { type StreamMessage, streamMessage } from '../contract/rest-stream.ts';
import { dryRunResult, migrationView } from '../contract/rest-views.ts';
import { SmokeLab } from './lab.ts';

const POD = 'smoke-rest';
const users = ['rest-none', 'rest-limited', 'rest-full'] as const;
/** Or somebody with a token that nobody gave out. */
type User = (typeof users)[number] | 'rest-stranger';

let lab: SmokeLab;
let connections: Agent;
const tokens = new Map<User, string>([['rest-stranger', 'made.up.token']]);
const worker = (number: number) => lab.workers[number] as string;

beforeAll(async () => {
  lab = await SmokeLab.open();
  connections = new Agent({ ca: lab.outputs.rest.ca });
  await lab.kubectl(['apply', '-f', '-'], JSON.stringify(accounts()));
  for (const user of users) tokens.set(user, (await lab.kubectl(['create', 'token', user])).trim());
  await lab.startPod(POD, 'tick', worker(0));
});
afterAll(async () => {
  connections.destroy();
  await lab.removePods(POD);
  await lab.kubectl(['delete', '-f', '-', '--ignore-not-found'], JSON.stringify(accounts()));
  await lab.close();
});

/** One without any rights, one with those that a mover needs here, one that may do everything. */
function accounts() {
  const { namespace } = lab;
  const rbac = 'rbac.authorization.k8s.io';
  const subject = (name: User) => [{ kind: 'ServiceAccount', name, namespace }];
  const rules = [
    {
      apiGroups: ['podmig.dcn.ssu.ac.kr'],
      resources: ['podmigrations'],
      verbs: ['get', 'list', 'create', 'delete'],
    },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  ];
  const items = [
    ...users.map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })),
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: 'rest-limited' }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'rest-limited' },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'rest-limited' },
      subjects: subject('rest-limited'),
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'smoke-rest-full' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: subject('rest-full'),
    },
  ];
  return { apiVersion: 'v1', kind: 'List', items };
}

function open(user: User | undefined, method: string, path: string, body?: object): Promise<IncomingMessage> {
  const headers = {
    ...(user && { authorization: `Bearer ${tokens.get(user)}` }),
    ...(body && { 'content-type': 'application/json' }),
  };
  return new Promise((resolve, reject) => {
    const url = new URL(path, lab.outputs.rest.url);
    const signal = AbortSignal.timeout(90_000);
    const asked = request(url, { method, headers, agent: connections, signal }, resolve);
    asked.once('error', reject).end(body && JSON.stringify(body));
  });
}

async function ask(user: User | undefined, route: RestRoute, more: { name?: string; body?: object } = {}) {
  const path = restPath(route, { namespace: lab.namespace, name: more.name ?? '' });
  const response = await open(user, route.method, path, more.body);
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, body: JSON.parse(text) as unknown };
}

/** What a user hears of new migrations of the pod, until one is over. */
async function hearUntilOver(user: User, begun: () => void): Promise<string[]> {
  const states: string[] = [];
  let isSynced = false;
  const response = await open(user, 'GET', restRoutes.stream.path);
  try {
    for await (const line of createInterface({ input: response })) {
      if (!line.startsWith('data: ')) continue;
      const message: StreamMessage = streamMessage.parse(JSON.parse(line.slice('data: '.length)));
      if (message.kind === 'synced') {
        isSynced = true;
        begun();
      }
      // What comes before is of earlier runs.
      if (!isSynced || message.kind !== 'migration' || message.object.spec.sourcePod !== POD) continue;
      states.push(message.object.status.state ?? 'Pending');
      if (['Succeeded', 'Failed'].includes(states.at(-1) ?? '')) break;
    }
  } finally {
    response.destroy();
  }
  return states;
}

it('asks for a token, and lets each do what they may do in Kubernetes', async () => {
  const route = restRoutes.listMigrations;
  expect((await ask(undefined, route)).status).toBe(401);
  expect((await ask('rest-stranger', route)).status).toBe(401);
  expect((await ask('rest-none', route)).status).toBe(403);
  expect((await ask('rest-limited', route)).status).toBe(200);
  expect((await ask('rest-limited', restRoutes.listNodes)).status).toBe(403);
  expect((await ask('rest-full', restRoutes.listNodes)).status).toBe(200);
  const body = { sourcePod: POD };
  expect((await ask('rest-none', restRoutes.dryRun, { body })).status).toBe(403);
});

it('tells in a dry run whether a pod can be moved, and leaves nothing behind', async () => {
  const body = { sourcePod: POD, destHost: worker(1) };
  const { status, body: answer } = await ask('rest-limited', restRoutes.dryRun, { body });
  expect(status).toBe(200);
  expect(dryRunResult.parse(answer)).toMatchObject({ movable: true });
  expect(await lab.kubectl(['get', 'podmigrations', '-o', 'name'])).not.toContain('dry-run');
});

it('moves a pod, and whoever listens sees it go from state to state', async () => {
  let begin: () => void = () => undefined;
  const synced = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const heard = hearUntilOver('rest-limited', begin);
  await Promise.race([synced, heard]);
  const body = { spec: { action: 'live-migration', sourcePod: POD, destHost: worker(1) } };
  const created = await ask('rest-limited', restRoutes.createMigration, { body });
  expect(created.status).toBe(201);
  expect(migrationView.parse(created.body).requestedBy).toBe(
    `system:serviceaccount:${lab.namespace}:rest-limited`,
  );
  const states = await heard;
  expect(states.at(-1)).toBe('Succeeded');
  expect(states).toContain('Moving');
  expect(await lab.nodeOf(`${POD}-migration-1`)).toBe(worker(1));
});

it('calls a migration off before its commit, and the pod stays', async () => {
  const pod = `${POD}-migration-1`;
  const spec = { action: 'live-migration', sourcePod: pod, destHost: worker(0) };
  const created = await ask('rest-limited', restRoutes.createMigration, {
    body: { name: 'smoke-called-off', spec },
  });
  expect(created.status).toBe(201);
  const name = 'smoke-called-off';
  expect((await ask('rest-limited', restRoutes.deleteMigration, { name })).status).toBe(202);
  await lab.until(
    'the migration is gone',
    () => ask('rest-limited', restRoutes.getMigration, { name }),
    ({ status }) => status === 404,
    90,
  );
  const pods = await lab.kubectl(['get', 'pods', '-l', `podferry.dev/smoke=${POD}`, '-o', 'name']);
  expect(pods.trim().split('\n')).toHaveLength(1);
});

/** Answers to several requests with curl, made one after the other from one node. */
async function curl(node: string, requests: string[], input = ''): Promise<string[]> {
  const lines = requests.map((request) => `curl -sS -m 30 ${request} 2>&1 || true; echo; echo ----`);
  const answers = await lab.onNode(node, lines.join('\n'), input);
  return answers.split('----').map((answer) => answer.trim());
}

it('serves the original’s client on the control-plane node without credentials', async () => {
  const sent = { name: 'smoke-old', action: 'Live-Migration', sourcePod: 'not-there', destHost: worker(1) };
  const json = "-H 'contentType: application/json' -H 'Content-Type: application/json' -d @-";
  const url = 'http://localhost:5000/Podmigrations';
  const code = "-o /dev/null -w '%{http_code}'";
  const requests = [
    `${json} ${url}`,
    url,
    `${code} -H 'Origin: http://evil.example' ${url}`,
    `${code} -H 'Host: evil.example:5000' ${url}`,
  ];
  const [refused = '', listed = '', ...codes] = await curl('master', requests, JSON.stringify(sent));
  expect(legacyError.parse(JSON.parse(refused)).details).toContain('not-there');
  expect(legacyList.parse(JSON.parse(listed)).items.length).toBeGreaterThan(0);
  expect(codes.slice(0, 2)).toEqual(['403', '403']);
});

it('moves a pod of namespace default for it', async () => {
  const name = 'smoke-old-client';
  const run = [
    'run',
    name,
    '-n',
    'default',
    `--image=${lab.outputs.apps.image.tick}`,
    '--image-pull-policy=Never',
  ];
  await lab.kubectl([...run, '--env=NODE_NAME=any']);
  try {
    await lab.kubectl(['wait', '-n', 'default', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
    const node = await lab.kubectl(['get', 'pod', name, '-n', 'default', '-o', 'jsonpath={.spec.nodeName}']);
    const destHost = node === worker(0) ? worker(1) : worker(0);
    const created = await lab.onNode(
      'master',
      "curl -sS -m 30 -H 'Content-Type: application/json' -d @- http://localhost:5000/Podmigrations",
      JSON.stringify({ name, action: 'live-migration', sourcePod: name, destHost }),
    );
    expect(legacyPodmigration.parse(JSON.parse(created))).toMatchObject({ name, destHost });
    const over = [
      'wait',
      '-n',
      'default',
      '--for=condition=Complete',
      `podmigration/${name}`,
      '--timeout=90s',
    ];
    await lab.kubectl(over);
  } finally {
    await lab.kubectl([
      'delete',
      'podmigration',
      name,
      '-n',
      'default',
      '--ignore-not-found',
      '--timeout=60s',
    ]);
    const pods = [name, `${name}-migration-1`];
    await lab.kubectl(['delete', 'pod', ...pods, '-n', 'default', '--ignore-not-found', '--grace-period=1']);
  }
});

it('is reachable from elsewhere with TLS only', async () => {
  const { address } = lab.master;
  const [loopback, plain, unknown, asked] = await curl(worker(0), [
    `http://${address}:5000/Podmigrations`,
    `http://${address}:30500/Podmigrations`,
    `https://${address}:30500/Podmigrations`,
    `-k https://${address}:30500/Podmigrations`,
  ]);
  expect(loopback).toMatch(/connect/i);
  expect(plain).toMatch(/empty reply|reset/i);
  expect(unknown).toMatch(/certificate/);
  expect(asked).toContain('bearer token is needed');
});
