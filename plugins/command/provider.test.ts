import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import providerProto from '@pulumi/pulumi/proto/provider_pb.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Serving, serve } from '../protocol/serve.ts';
import { decodeProperties } from '../protocol/struct.ts';
import { TestClient } from '../protocol/test-client.ts';
import { Asset, Secret, unknown } from '../protocol/values.ts';
import { CommandProvider } from './provider.ts';
import { startTestServer, type TestServer } from './ssh/test-server.ts';

describe('the command plugin, served', () => {
  let serving: Serving;
  let local: TestClient;
  let folder: string;
  beforeEach(async () => {
    serving = await serve(new CommandProvider());
    local = new TestClient(serving.port, 'command:local:Command', 'name');
    folder = await mkdtemp(join(tmpdir(), 'podferry-command-'));
  });
  afterEach(async () => {
    local.close();
    await serving.stop('the test is over');
    await rm(folder, { recursive: true });
  });

  it('creates: the outputs are the inputs, secrets marked, and what the command wrote', async () => {
    const inputs = { create: 'cat', stdin: new Secret('a secret'), triggers: [1], environment: {} };
    const response = await local.create(inputs);
    expect(response.getId()).toMatch(/^name[0-9a-f]{8}$/);
    expect(decodeProperties(response.getProperties())).toEqual({ ...inputs, stdout: 'a secret', stderr: '' });
  });

  it('creates nothing in a preview, and does not claim to know what will be written', async () => {
    const response = await local.create({ create: `touch ${folder}/made` }, { preview: true });
    expect(decodeProperties(response.getProperties())).toMatchObject({ stdout: unknown, stderr: unknown });
    await expect(readFile(join(folder, 'made'))).rejects.toThrow('ENOENT');
  });

  it('creates without a command', async () => {
    const response = await local.create({ delete: 'true' });
    expect(decodeProperties(response.getProperties())).toEqual({ delete: 'true', stdout: '', stderr: '' });
  });

  it('masks secrets in the error of a command that failed', async () => {
    const inputs = { create: 'cat >&2; exit 2', stdin: new Secret('hunter2-hunter2') };
    await expect(local.create(inputs)).rejects.toMatchObject({
      details: 'exit status 2: running "cat >&2; exit 2":\n[secret]',
    });
  });

  it('updates with the update command, or else with create, knowing what was written before', async () => {
    const olds = { create: 'echo made', stdout: 'before', stderr: '' };
    const show = 'echo "$PULUMI_COMMAND_STDOUT again"';
    const withUpdate = await local.update(
      olds,
      { create: 'echo made' },
      { create: 'echo made', update: show },
    );
    expect(decodeProperties(withUpdate.getProperties())).toMatchObject({ stdout: 'before again' });
    const withCreate = await local.update(olds, { create: 'echo made' }, { create: show });
    expect(decodeProperties(withCreate.getProperties())).toMatchObject({
      create: show,
      stdout: 'before again',
    });
  });

  it('previews an update as unknown only when something runs', async () => {
    const olds = { create: 'a', stdout: 'before', stderr: '' };
    const changed = await local.update(olds, { create: 'a' }, { create: 'b' }, true);
    expect(decodeProperties(changed.getProperties())).toEqual({
      create: 'b',
      stdout: unknown,
      stderr: unknown,
    });
    const same = await local.update(olds, { create: 'a' }, { create: 'a' }, true);
    expect(decodeProperties(same.getProperties())).toEqual(olds);
  });

  it('deletes with the command that the state remembers', async () => {
    const file = join(folder, 'deleted');
    await local.delete({ delete: `echo "$PULUMI_COMMAND_STDOUT" > ${file}`, stdout: 'made', stderr: '' });
    expect(await readFile(file, 'utf8')).toBe('made\n');
    await local.delete({ create: 'exit 1', stdout: '', stderr: '' });
  });

  it('replaces when triggers change and updates otherwise', async () => {
    const { DIFF_NONE, DIFF_SOME } = providerProto.DiffResponse.DiffChanges;
    const inputs = { create: 'a', triggers: ['x'] };
    expect((await local.diff(inputs, inputs)).getChanges()).toBe(DIFF_NONE);
    expect((await local.diff(inputs, { ...inputs, version: '1' })).getChanges()).toBe(DIFF_NONE);
    const updated = await local.diff(inputs, { ...inputs, create: 'b' });
    expect([updated.getChanges(), updated.getReplacesList()]).toEqual([DIFF_SOME, []]);
    expect((await local.diff(inputs, { ...inputs, triggers: ['y'] })).getReplacesList()).toEqual([
      'triggers[0]',
    ]);
  });

  it('reads back the state it is given: a command cannot be looked up', async () => {
    const response = await local.read('id', { create: 'a', stdout: 'b', stderr: '' });
    expect(response.getId()).toBe('id');
    expect(decodeProperties(response.getProperties())).toEqual({ create: 'a', stdout: 'b', stderr: '' });
  });

  it('collects assets by glob after the command', async () => {
    const command = 'mkdir logs; echo x > logs/a.txt; echo y > logs/secret.txt';
    const response = await local.create({
      create: command,
      dir: folder,
      assetPaths: ['logs/*.txt', '!**secret*'],
    });
    const { assets } = decodeProperties(response.getProperties());
    const sha256 = '73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac';
    expect(assets).toEqual({ 'logs/a.txt': new Asset({ path: join(folder, 'logs/a.txt') }, sha256) });
  });

  it('says what it does not serve', async () => {
    const other = new TestClient(serving.port, 'command:remote:CopyFile');
    await expect(other.create({})).rejects.toMatchObject({
      details: expect.stringContaining(
        'does not serve command:remote:CopyFile; it serves command:local:Command',
      ),
    });
    other.close();
  });

  describe('on another host', () => {
    let server: TestServer;
    beforeEach(async () => {
      server = await startTestServer();
    });
    afterEach(() => server.close());

    it('checks, creates, updates and deletes', async () => {
      const remote = new TestClient(serving.port, 'command:remote:Command', 'name');
      const { port, privateKey, hostKey } = server;
      const file = join(folder, 'remote');
      const checked = await remote.check({
        connection: { host: '127.0.0.1', port, privateKey, hostKey },
        create: `cat > ${file}; echo wrote`,
        delete: `rm ${file}`,
        stdin: new Secret('content'),
      });
      const inputs = decodeProperties(checked.getInputs());
      const created = decodeProperties((await remote.create(inputs)).getProperties());
      expect(created).toEqual({ ...inputs, stdout: 'wrote', stderr: '' });
      expect(created.connection).toBeInstanceOf(Secret);
      const changed = { ...inputs, stdin: new Secret('other content') };
      await remote.update(created, inputs, changed);
      expect(await readFile(file, 'utf8')).toBe('other content');
      await remote.delete({ ...created, ...changed });
      await expect(readFile(file)).rejects.toThrow('ENOENT');
      expect(server.seen.connections).toBe(1);
      remote.close();
    });

    it('copies', async () => {
      const copy = new TestClient(serving.port, 'command:remote:CopyToRemote');
      const { port, privateKey } = server;
      await writeFile(join(folder, 'source'), 'x');
      await copy.create({
        connection: { host: '127.0.0.1', port, privateKey },
        source: new Asset({ path: join(folder, 'source') }),
        remotePath: join(folder, 'target'),
      });
      expect(await readFile(join(folder, 'target'), 'utf8')).toBe('x');
      copy.close();
    });
  });
});
