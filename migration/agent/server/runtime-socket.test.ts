import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRuntimeServer, type Judges, listenAt } from './runtime-socket.ts';

let dir: string;
let socket: string;
let server: Server;
const heard: string[] = [];

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-socket-'));
  socket = path.join(dir, 'run', 'runtime.sock');
  heard.length = 0;
  const targets: Judges['targets'] = {
    create: async (id, { podUid }, pid) => {
      heard.push(`create ${id} of ${podUid} ${pid}`);
      return { verdict: 'restore', imageDir: '/image', workDir: '/work' };
    },
    swallowsExec: (id, file) => id === 'abc' && file === '/tmp/process',
  };
  const sources: Judges['sources'] = {
    mayStart: async ({ podUid }) =>
      podUid === 'moved' ? { verdict: 'refuse', reason: 'it moved\naway' } : undefined,
  };
  server = createRuntimeServer({ sources, targets }, pino({ level: 'silent' }));
  await listenAt(server, socket);
});
afterEach(async () => {
  server.close();
  await rm(dir, { recursive: true });
});

function post(where: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, path: where, method: 'POST' }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.once('end', () => resolve(text));
    });
    call.once('error', reject);
    call.end();
  });
}

/** A bundle of a container of the pod. */
async function bundleOf(podUid: string): Promise<string> {
  const folder = path.join(dir, podUid);
  await mkdir(folder);
  const annotations = {
    'io.kubernetes.cri.sandbox-uid': podUid,
    'io.kubernetes.cri.container-type': 'container',
    'io.kubernetes.cri.container-name': 'main',
  };
  await writeFile(path.join(folder, 'config.json'), JSON.stringify({ annotations }));
  return folder;
}

it('answers the wrapper in lines', async () => {
  const restored = await bundleOf('new');
  expect(await post(`/create?id=abc&bundle=${restored}&pid=7`)).toBe('restore\n/image\n/work\n\n');
  expect(await post('/exec?id=abc&process=/tmp/process')).toBe('swallow\n');
  expect(await post('/exec?id=def&process=/tmp/process')).toBe('pass\n');
  expect(heard).toEqual(['create abc of new 7']);
});

it('asks first whether the pod has moved away', async () => {
  const moved = await bundleOf('moved');
  expect(await post(`/create?id=abc&bundle=${moved}&pid=7`)).toBe('refuse\nit moved away\n');
  expect(heard).toEqual([]);
});

it.each([
  '/create?id=abc',
  '/create?id=a/b&bundle=/b&pid=7',
  '/create?id=abc&bundle=/b&pid=x',
  '/other',
  '/create?id=abc&bundle=/broken&pid=1',
])(
  'refuses %s in one line, so that the wrapper does not take it for an agent that is down',
  async (where) => {
    const lines = (await post(where)).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('refuse');
    expect(heard).toEqual([]);
  },
);

it('is for root alone, and takes the place of a socket left behind', async () => {
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
  await new Promise((resolve) => server.close(resolve));
  await writeFile(socket, '');
  await listenAt(server, socket);
  expect(await post('/exec?id=def&process=/tmp/process')).toBe('pass\n');
});
