import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyLayer, stepOf } from './apply.ts';
import { BLOCK, makeHeader, padding, TYPE } from './header.ts';
import { translateLayer } from './layer.ts';
import { paxBlocks } from './pax.ts';
import { readTar } from './reader.ts';

interface Member {
  name: string;
  type: string;
  body?: string;
  link?: string;
  attributes?: Record<string, string>;
}

/** What GNU tar makes of an upper directory, without an overlay to make it from. */
function upperArchive(members: Member[]): Buffer {
  const parts = members.map(({ name, type, body = '', link = '', attributes = {} }) =>
    Buffer.concat([
      paxBlocks(
        new Map(
          Object.entries(attributes).map(([key, value]) => [`SCHILY.xattr.${key}`, Buffer.from(value)]),
        ),
      ),
      makeHeader({
        name,
        type,
        mode: type === TYPE.directory ? 0o755 : 0o644,
        size: body.length,
        linkName: link,
      }),
      Buffer.from(body),
      Buffer.alloc(padding(body.length)),
    ]),
  );
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

async function translate(members: Member[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of translateLayer(one(upperArchive(members)))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

const directory = (name: string, attributes: Record<string, string> = {}): Member => ({
  name,
  type: TYPE.directory,
  attributes,
});
const file = (name: string, body: string): Member => ({ name, type: TYPE.file, body });
const whiteout = (name: string): Member => ({ name, type: TYPE.character });
const OPAQUE = { 'trusted.overlay.opaque': 'y' };

async function paths(archive: Buffer): Promise<string[]> {
  const found: string[] = [];
  for await (const member of readTar(one(archive))) found.push(member.path);
  return found;
}

describe('translateLayer', () => {
  it('writes whiteouts and opaque directories as images do', async () => {
    const archive = await translate([directory('./'), whiteout('./etc/passwd'), directory('./lib/', OPAQUE)]);
    expect(await paths(archive)).toEqual(['./', 'etc/.wh.passwd', './lib/', 'lib/.wh..wh..opq']);
  });

  it('knows whiteouts that share one inode', async () => {
    const shared = { name: './b', type: TYPE.link, link: './a' };
    expect(await paths(await translate([whiteout('./a'), shared]))).toEqual(['.wh.a', '.wh.b']);
  });

  it('leaves other hard links and devices alone', async () => {
    const archive = await translate([file('./a', 'x'), { name: './b', type: TYPE.link, link: './a' }]);
    expect(await paths(archive)).toEqual(['./a', './b']);
  });

  it('drops overlay’s own attributes and keeps those of the files', async () => {
    const archive = await translate([
      directory('./d/', { 'trusted.overlay.impure': 'y', 'user.note': 'hello' }),
      directory('./e/', { 'trusted.overlay.origin': 'x' }),
    ]);
    const kept: string[][] = [];
    for await (const { pax } of readTar(one(archive))) kept.push([...pax.keys()]);
    expect(kept).toEqual([['SCHILY.xattr.user.note'], []]);
  });

  it.each(['redirect', 'metacopy'])('refuses what refers to lower layers: %s', (attribute) =>
    expect(translate([directory('./d/', { [`trusted.overlay.${attribute}`]: '/x' })])).rejects.toThrow(
      /lower layers/,
    ),
  );

  it('refuses a file that would read as a deletion', () =>
    expect(translate([file('./d/.wh.x', '')])).rejects.toThrow(/mean deletions/));

  it('keeps long paths of deletions', async () => {
    const long = `./${'directory/'.repeat(20)}file`;
    const archive = Buffer.concat([
      paxBlocks(new Map([['path', Buffer.from(long)]])),
      upperArchive([whiteout('./cut')]),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of translateLayer(one(archive))) chunks.push(chunk);
    expect(await paths(Buffer.concat(chunks))).toEqual([`${'directory/'.repeat(20)}.wh.file`]);
  });
});

describe('stepOf', () => {
  it('never names anything outside the root', () => {
    const part = fc.constantFrom('..', '.', '', 'a', '.wh.x', '.wh...', '.wh..wh..opq', 'b');
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        try {
          const { path: relative } = stepOf(parts.join('/'), TYPE.file);
          expect(path.resolve('/root-fs', relative).startsWith('/root-fs')).toBe(true);
        } catch (error) {
          expect(String(error)).toMatch(/with the path/);
        }
      }),
    );
  });
});

describe('applyLayer', () => {
  let dir: string;
  let root: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'podferry-layer-'));
    root = path.join(dir, 'root');
    await mkdir(path.join(root, 'etc/conf'), { recursive: true });
    await writeFile(path.join(root, 'etc/passwd'), 'old');
    await writeFile(path.join(root, 'etc/conf/a'), 'old');
    await writeFile(path.join(dir, 'outside'), 'untouched');
    await symlink(dir, path.join(root, 'out'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  async function apply(members: Member[]): Promise<void> {
    await writeFile(path.join(dir, 'rw.tar'), await translate(members));
    await applyLayer(path.join(dir, 'rw.tar'), root, 20_000);
  }
  const tree = () =>
    execFileSync('find', [root, '-mindepth', '1', '-printf', '%P %y\\n'])
      .toString()
      .trim()
      .split('\n')
      .sort();

  it('deletes, empties, replaces and adds', async () => {
    await apply([
      directory('./'),
      directory('./etc/'),
      whiteout('./etc/passwd'),
      directory('./etc/conf/', OPAQUE),
      file('./etc/conf/b', 'new'),
      file('./etc/hosts', 'new'),
      { name: './etc/link', type: TYPE.link, link: './etc/hosts' },
    ]);
    expect(tree()).toEqual(['etc d', 'etc/conf d', 'etc/conf/b f', 'etc/hosts f', 'etc/link f', 'out l']);
    expect(statSync(path.join(root, 'etc/hosts')).nlink).toBe(2);
  });

  it('puts a file where a directory was, and a directory where a file was', async () => {
    await apply([
      directory('./etc/'),
      file('./etc/conf', 'now a file'),
      directory('./etc/passwd/'),
      file('./etc/passwd/x', '1'),
    ]);
    expect(readFileSync(path.join(root, 'etc/conf'), 'utf8')).toBe('now a file');
    expect(readFileSync(path.join(root, 'etc/passwd/x'), 'utf8')).toBe('1');
  });

  it('replaces a symbolic link by the directory that took its place, and follows none', async () => {
    await apply([directory('./out/'), whiteout('./out/outside'), file('./out/x', 'inside')]);
    expect(lstatSync(path.join(root, 'out')).isDirectory()).toBe(true);
    expect(readFileSync(path.join(dir, 'outside'), 'utf8')).toBe('untouched');
  });

  it('does not delete through a link of the image', async () => {
    await apply([whiteout('./out/outside')]);
    expect(readFileSync(path.join(dir, 'outside'), 'utf8')).toBe('untouched');
  });

  it('refuses an archive that is cut short', async () => {
    const archive = await translate([file('./a', 'x')]);
    await writeFile(path.join(dir, 'rw.tar'), archive.subarray(0, 100));
    await expect(applyLayer(path.join(dir, 'rw.tar'), root, 20_000)).rejects.toThrow(/cut short/);
  });

  it('leaves any tree as the layer says', async () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const entry = fc.record({ folder: names, name: names, kind: fc.constantFrom('file', 'whiteout') });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, { selector: (e) => `${e.folder}/${e.name}` }),
        fc.boolean(),
        async (entries, opaque) => {
          await rm(root, { recursive: true });
          for (const folder of ['a', 'b', 'c']) {
            await mkdir(path.join(root, folder), { recursive: true });
            await writeFile(path.join(root, folder, 'a'), 'lower');
          }
          const members = ['a', 'b', 'c'].flatMap((folder) => [
            directory(`./${folder}/`, opaque ? OPAQUE : {}),
            ...entries
              .filter((e) => e.folder === folder)
              .map((e) =>
                e.kind === 'file'
                  ? file(`./${folder}/${e.name}`, 'upper')
                  : whiteout(`./${folder}/${e.name}`),
              ),
          ]);
          await apply(members);
          for (const folder of ['a', 'b', 'c'])
            for (const name of ['a', 'b', 'c']) {
              const own = entries.find((e) => e.folder === folder && e.name === name);
              const lower = name === 'a' && !opaque ? 'lower' : undefined;
              const expected = own === undefined ? lower : own.kind === 'file' ? 'upper' : undefined;
              expect(read(path.join(root, folder, name))).toBe(expected);
            }
        },
      ),
      { numRuns: 15 },
    );
  });
});

function read(full: string): string | undefined {
  try {
    return readFileSync(full, 'utf8');
  } catch {
    return undefined;
  }
}
