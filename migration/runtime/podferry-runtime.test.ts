import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const WRAPPER = fileURLToPath(new URL('./podferry-runtime', import.meta.url));
const SHIM = ['--root', '/run/containerd/runc/k8s.io', '--log', 'LOG', '--log-format', 'json'];

let dir: string;
let bundle: string;
let server: Server | undefined;
let asked: string[];

interface Outcome {
  code: number;
  stderr: string;
  /** What runc was started with; undefined when it was not. */
  runc: string[] | undefined;
}

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-runtime-'));
  bundle = path.join(dir, 'bundle');
  asked = [];
  await mkdir(bundle);
  await mkdir(path.join(dir, 'bin'));
  const runc = path.join(dir, 'bin', 'runc');
  await writeFile(
    runc,
    `#!/bin/sh\nfor word in "$@"; do printf '%s\\n' "$word"; done > '${dir}/runc-args'\n`,
  );
  await chmod(runc, 0o755);
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(dir, { recursive: true });
});

/** Starts an agent that answers with the given texts in turn; the last one again and again. */
async function agent(...answers: string[]): Promise<void> {
  const left = [...answers];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const text = left.length > 1 ? left.shift() : left[0];
    if (text === 'HANG UP') request.socket.destroy();
    else response.end(text);
  });
  await new Promise<void>((resolve) => server?.listen(path.join(dir, 'runtime.sock'), resolve));
}

async function config(annotations: Record<string, string>): Promise<void> {
  await writeFile(path.join(bundle, 'config.json'), JSON.stringify({ ociVersion: '1.2.0', annotations }));
}

/** Calls the wrapper as the shim does. */
function call(...args: string[]): Promise<Outcome> {
  const words = [...SHIM, ...args].map((word) => (word === 'LOG' ? path.join(dir, 'log.json') : word));
  const env = {
    PATH: `${path.join(dir, 'bin')}:${process.env.PATH}`,
    PODFERRY_RUN_DIR: dir,
    PODFERRY_STATE_DIR: dir,
  };
  return new Promise((resolve) => {
    execFile(WRAPPER, words, { env }, async (error, _stdout, stderr) => {
      const text = await readFile(path.join(dir, 'runc-args'), 'utf8').catch(() => undefined);
      resolve({ code: Number(error?.code ?? 0), stderr, runc: text?.trimEnd().split('\n') });
    });
  });
}

const create = (...more: string[]) =>
  call('create', '--bundle', bundle, '--pid-file', `${bundle}/init.pid`, ...more, 'abc');

const exec = () =>
  call(
    'exec',
    '--process',
    path.join(dir, 'process.json'),
    '--detach',
    '--pid-file',
    path.join(dir, 'exec.pid'),
    'abc',
  );

/** As the agent notes it. */
async function waitForHook(): Promise<void> {
  await mkdir(path.join(dir, 'post-start'));
  await writeFile(path.join(dir, 'post-start', 'abc'), '["true"]');
}

const globals = () => SHIM.map((word) => (word === 'LOG' ? path.join(dir, 'log.json') : word));
const marker = () => path.join(dir, 'restored', 'abc');
const MIGRATION = { 'podferry.dev/migration': '11111111-2222' };

describe('podferry-runtime', () => {
  it('passes commands that are not its business straight to runc', async () => {
    const { runc, code } = await call('kill', '--all', 'abc', '9');
    expect(runc).toEqual([...globals(), 'kill', '--all', 'abc', '9']);
    expect(code).toBe(0);
  });

  it('creates a container without our annotations without asking anybody', async () => {
    await agent('refuse\nnobody should ask\n');
    await config({ 'io.kubernetes.cri.container-type': 'container' });
    expect((await create()).runc).toContain('create');
    expect(asked).toEqual([]);
  });

  it('is not fooled by our words inside a value', async () => {
    await agent('refuse\nnobody should ask\n');
    await config({ note: '"podferry.dev/migration":' });
    expect((await create()).runc).toContain('create');
    expect(asked).toEqual([]);
  });

  it.each([
    ['moves', 'moving', true],
    ['moves', 'committed', true],
    ['moves', 'released', true],
    ['moves', 'thawed', false],
    ['pod-checkpoints', 'held', true],
    ['pod-checkpoints', 'complete', false],
  ])('asks about a container whose pod a record in %s calls %s: %s', async (folder, state, isAsked) => {
    await agent('refuse\nthis pod is elsewhere\n');
    await mkdir(path.join(dir, folder));
    const record = (podUid: string, is: string) =>
      JSON.stringify({ id: 'a', state: is, source: { namespace: 'n', pod: 'p', podUid } });
    await writeFile(path.join(dir, folder, 'a.json'), record('uid-1', state));
    await writeFile(path.join(dir, folder, 'b.json'), record('uid-2', 'committed'));
    await config({
      'io.kubernetes.cri.container-type': 'container',
      'io.kubernetes.cri.sandbox-uid': 'uid-1',
      'io.kubernetes.cri.container-name': 'main',
    });
    const { code, runc, stderr } = await create();
    expect(asked).toHaveLength(isAsked ? 1 : 0);
    if (isAsked) expect({ code, runc, stderr }).toMatchObject({ code: 1, runc: undefined });
    else expect(runc).toContain('create');
  });

  it('creates as usual when the agent says pass', async () => {
    await agent('pass\n');
    await config(MIGRATION);
    expect((await create()).runc).toContain('create');
    expect(asked[0]).toMatch(new RegExp(`^POST /create\\?id=abc&bundle=${bundle}&pid=\\d+$`));
  });

  it.each([
    ['a migration', MIGRATION],
    ['a checkpoint', { 'podferry.dev/checkpoint': 'redis' }],
    ['the contract of the extended kubelet', { snapshotPolicy: 'restore', snapshotPath: '/redis' }],
  ])('asks the agent about %s', async (_what, annotations) => {
    await agent('pass\n');
    await config(annotations);
    await create();
    expect(asked).toHaveLength(1);
  });

  it('becomes runc restore with the shim’s own arguments', async () => {
    await agent('restore\n/run/images/x/image\n/var/log/x\n');
    await config(MIGRATION);
    const { runc } = await create('--console-socket', '/tmp/pty', '--no-new-keyring');
    const restore = [
      'restore',
      '--detach',
      '--image-path',
      '/run/images/x/image',
      '--work-path',
      '/var/log/x',
    ];
    const flags = ['--tcp-established', '--ext-unix-sk', '--file-locks'];
    const own = ['--bundle', bundle, '--pid-file', `${bundle}/init.pid`, '--console-socket', '/tmp/pty'];
    expect(runc).toEqual([...globals(), ...restore, ...flags, ...own, 'abc']);
  });

  it('keeps --systemd-cgroup in front of the command', async () => {
    await agent('restore\n/i\n/w\n');
    await config(MIGRATION);
    const { runc } = await call('--systemd-cgroup', 'create', '--bundle', bundle, 'abc');
    expect(runc?.slice(0, 8)).toEqual([...globals(), '--systemd-cgroup', 'restore']);
  });

  it('has runc find the gate before criu where the state is to be waited for', async () => {
    await agent(`restore\n/i\n/w\n${dir}/gate\n`);
    await writeFile(
      path.join(dir, 'bin', 'runc'),
      `#!/bin/sh\nprintf '%s\\n' "$PATH" "$PODFERRY_GATE" > '${dir}/runc-args'\n`,
    );
    await config({ 'podferry.dev/migration': MIGRATION['podferry.dev/migration'] });
    const { runc } = await create();
    expect(runc).toEqual([expect.stringMatching(`^${dir}/gate:${dir}/bin:`), `${dir}/gate`]);
  });

  it('swallows the start of a restored container, and notes it for the agent', async () => {
    await agent('restore\n/i\n/w\n');
    await config(MIGRATION);
    await create();
    await rm(path.join(dir, 'runc-args'));
    const note = path.join(dir, 'started', 'abc');
    expect(existsSync(note)).toBe(false);
    const { code, runc } = await call('start', 'abc');
    expect(code).toBe(0);
    expect(runc).toBeUndefined();
    expect(existsSync(note)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('starts other containers as usual', async () => {
    expect((await call('start', 'other')).runc).toContain('start');
  });

  it('forgets a restored container when it is deleted', async () => {
    await mkdir(path.dirname(marker()));
    await writeFile(marker(), '');
    await mkdir(path.join(dir, 'criu'));
    await writeFile(path.join(dir, 'criu/abc.conf'), '');
    expect((await call('delete', '--force', 'abc')).runc).toContain('delete');
    expect(existsSync(path.join(dir, 'criu/abc.conf'))).toBe(false);
    expect((await call('start', 'abc')).runc).toContain('start');
  });

  it('runs an exec as usual, without asking anybody, in a container that waits for no hook', async () => {
    await agent('swallow\n');
    expect((await exec()).runc).toContain('exec');
    expect(asked).toEqual([]);
  });

  it('puts a process that ends at once in the place of a postStart hook', async () => {
    await agent('swallow\n');
    await waitForHook();
    const { code, runc } = await exec();
    expect({ code, runc }).toEqual({ code: 0, runc: undefined });
    expect(asked).toEqual([`POST /exec?id=abc&process=${dir}/process.json`]);
    const pid = Number(await readFile(path.join(dir, 'exec.pid'), 'utf8'));
    await expect.poll(() => existsSync(`/proc/${pid}/cmdline`), { timeout: 4000 }).toBe(false);
  });

  it.each([
    ['says that it is another command', ['pass\n']],
    ['is down', []],
  ])('runs an exec as usual when the agent %s', async (_what, answers) => {
    if (answers.length > 0) await agent(...answers);
    await waitForHook();
    expect((await exec()).runc).toContain('exec');
  });

  it('fails with the agent’s words where containerd looks for them', async () => {
    await agent('refuse\nrestore: CRIU said "no" \\ twice\n');
    await config(MIGRATION);
    const { code, runc, stderr } = await create();
    expect(code).toBe(1);
    expect(runc).toBeUndefined();
    expect(stderr).toContain('CRIU said');
    const line: unknown = JSON.parse(await readFile(path.join(dir, 'log.json'), 'utf8'));
    expect(line).toMatchObject({ level: 'error', msg: 'podferry: restore: CRIU said no  twice' });
  });

  it('asks again when the agent goes away in the middle', async () => {
    await agent('HANG UP', 'HANG UP', 'pass\n');
    await config(MIGRATION);
    expect((await create()).runc).toContain('create');
    expect(asked).toHaveLength(3);
  });

  it('never starts from zero on an answer that it does not know', async () => {
    await agent('well\n');
    await config(MIGRATION);
    expect(await create()).toMatchObject({ code: 1, runc: undefined });
  });

  it('never starts from zero when the agent stays down', async () => {
    await config(MIGRATION);
    // A `sleep` that takes no time: the wrapper's 30 s pass at once.
    await writeFile(path.join(dir, 'bin', 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
    await writeFile(path.join(dir, 'bin', 'curl'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
    const { code, runc, stderr } = await create();
    expect({ code, runc }).toEqual({ code: 1, runc: undefined });
    expect(stderr).toContain('does not answer');
  });

  it('is clean for shellcheck', async () => {
    const outcome = await new Promise<string>((resolve) => {
      execFile('shellcheck', [WRAPPER], (error, stdout) =>
        resolve(error && 'code' in error && error.code === 'ENOENT' ? '' : stdout),
      );
    });
    expect(outcome).toBe('');
  });
});
