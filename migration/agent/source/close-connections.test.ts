import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { closeConnections } from './close-connections.ts';

let child: ChildProcess | undefined;
const folder = mkdtempSync(path.join(tmpdir(), 'podferry-close-'));
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('leaves the connections of the host alone, also for a pod that shares its network', async () => {
  child = spawn('sleep', ['60']);
  writeFileSync(path.join(folder, 'cgroup.procs'), `${child.pid}\n`);
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
  const served = await new Promise<Socket>((resolve) => server.once('connection', resolve));
  await closeConnections([{ path: folder, version: 2 }]);
  served.write('still here');
  expect(String(await new Promise((resolve) => client.once('data', resolve)))).toBe('still here');
  client.destroy();
  served.destroy();
  server.close();
});

it('has nothing to do for a pod that is gone', async () => {
  await expect(
    closeConnections([{ path: path.join(folder, 'nothing'), version: 1 }]),
  ).resolves.toBeUndefined();
});
