import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Archive, Asset, type PropertyMap, Secret } from '../protocol/values.ts';
import { CopyToRemote } from './copy-to-remote.ts';
import { ConnectionPool } from './ssh/pool.ts';
import { startTestServer, type TestServer } from './ssh/test-server.ts';
import { testContext } from './test-context.ts';

const thing = { urn: 'urn', type: 'command:remote:CopyToRemote', name: 'copy' };

describe('CopyToRemote', () => {
  let server: TestServer;
  let pool: ConnectionPool;
  let folder: string;
  beforeEach(async () => {
    server = await startTestServer();
    pool = new ConnectionPool();
    folder = await mkdtemp(join(tmpdir(), 'podferry-copy-'));
    await mkdir(join(folder, 'from/deep'), { recursive: true });
    await writeFile(join(folder, 'from/a'), 'content of a');
    await writeFile(join(folder, 'from/deep/b'), Buffer.alloc(300_000, 'b'));
    await symlink('deep', join(folder, 'from/link'));
  });
  afterEach(async () => {
    await pool.close();
    await server.close();
    await rm(folder, { recursive: true });
  });

  const at = (path: string): string => join(folder, path);
  const read = (path: string): Promise<string> => readFile(at(path), 'utf8');

  function inputs(source: Asset | Archive, remotePath: string): PropertyMap {
    const { port, privateKey, hostKey } = server;
    const connection = new Secret({ host: '127.0.0.1', port, privateKey: new Secret(privateKey), hostKey });
    return { connection, source, remotePath };
  }

  function copy(source: Asset | Archive, remotePath: string) {
    const request = { ...thing, inputs: inputs(source, remotePath), preview: false };
    return new CopyToRemote(pool).create(request, testContext());
  }

  it('copies a file to a path, making folders, and into a folder', async () => {
    const { id, outputs } = await copy(new Asset({ path: at('from/a') }), at('new/folders/file'));
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    expect(outputs.remotePath).toBe(at('new/folders/file'));
    expect(await read('new/folders/file')).toBe('content of a');
    await copy(new Asset({ path: at('from/a') }), at('new'));
    expect(await read('new/a')).toBe('content of a');
  });

  it('writes a text, over what was there, but not over a folder', async () => {
    await copy(new Asset({ text: 'a longer text' }), at('text'));
    await copy(new Asset({ text: 'short' }), at('text'));
    expect(await read('text')).toBe('short');
    await expect(copy(new Asset({ text: 'x' }), at('from'))).rejects.toThrow(
      `copying to 127.0.0.1:${server.port}:${at('from')} failed: the remote path is a directory`,
    );
  });

  it('copies a folder into the target, or its contents with a slash at the end', async () => {
    await copy(new Archive({ path: at('from') }), at('whole'));
    expect(await read('whole/from/a')).toBe('content of a');
    expect((await read('whole/from/deep/b')).length).toBe(300_000);
    expect((await read('whole/from/link/b')).length).toBe(300_000);
    await copy(new Archive({ path: `${at('from')}/` }), at('contents'));
    expect(await read('contents/a')).toBe('content of a');
  });

  it('puts named members where their names say', async () => {
    const members = { 'x/y': new Asset({ text: 'y' }), a: new Asset({ path: at('from/a') }) };
    await copy(new Archive({ assets: members }), at('members'));
    expect(await read('members/x/y')).toBe('y');
    expect(await read('members/a')).toBe('content of a');
  });

  it('refuses a folder where a file is, a missing source, and what it cannot fetch', async () => {
    await expect(copy(new Archive({ path: at('from') }), at('from/a'))).rejects.toThrow('is a file');
    await expect(copy(new Asset({ path: at('none') }), at('x'))).rejects.toThrow('ENOENT');
    await expect(copy(new Asset({ uri: 'https://host/x' }), at('x'))).rejects.toThrow(
      'assets from a URI are not supported by this provider',
    );
  });

  it('does nothing in a preview', async () => {
    const asked = inputs(new Asset({ text: 'x' }), at('x'));
    const result = await new CopyToRemote(pool).create(
      { ...thing, inputs: asked, preview: true },
      testContext(),
    );
    expect(result).toEqual({ id: '', outputs: asked });
    expect(server.seen.connections).toBe(0);
  });

  it('copies again only when the content or the place has changed', async () => {
    const olds = inputs(new Asset({ text: 'x' }, 'hash of x'), at('x'));
    const update = (news: PropertyMap) =>
      new CopyToRemote(pool).update(
        { ...thing, id: 'id', olds, oldInputs: olds, news, ignoreChanges: [], preview: false },
        testContext(),
      );
    await update({ ...olds, triggers: ['other'] });
    expect(server.seen.connections).toBe(0);
    await update({ ...olds, source: new Asset({ text: 'y' }, 'hash of y') });
    expect(await read('x')).toBe('y');
    await update({ ...olds, remotePath: at('z') });
    expect(await read('z')).toBe('x');
  });
});
