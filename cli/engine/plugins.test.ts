import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { binDir } from '../paths.ts';
import { readPluginFacts, sdkVersion } from './facts.ts';
import { choosePlugin, standInLauncher } from './plugins.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'podferry-plugins-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function program(path: string, text = '#!/bin/sh\n'): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

describe('the choice of a provider plugin', () => {
  const version = sdkVersion('command');

  it('is our stand-in where there is no official one', () => {
    expect(choosePlugin(readPluginFacts('command', [dir], dir))).toEqual({
      kind: 'stand-in',
      name: 'command',
    });
  });

  it('is the official one in PULUMI_HOME, when it is of the version the SDK asks for', () => {
    program(join(dir, 'plugins', 'resource-command-v0.9.0', 'pulumi-resource-command'));
    expect(choosePlugin(readPluginFacts('command', [dir], '')).kind).toBe('stand-in');
    program(join(dir, 'plugins', `resource-command-v${version}`, 'pulumi-resource-command'));
    expect(choosePlugin(readPluginFacts('command', [dir], '')).kind).toBe('official');
  });

  it('is not an installation that was interrupted', () => {
    const folder = join(dir, 'plugins', `resource-command-v${version}`);
    program(join(folder, 'pulumi-resource-command'));
    writeFileSync(`${folder}.partial`, '');
    expect(choosePlugin(readPluginFacts('command', [dir], '')).kind).toBe('stand-in');
  });

  it('is the one on PATH, unless that is our own stand-in', () => {
    const file = program(join(dir, 'bin', 'pulumi-resource-command'));
    expect(choosePlugin(readPluginFacts('command', [], `${binDir}:${join(dir, 'bin')}`))).toEqual({
      kind: 'official',
      name: 'command',
      where: file,
    });
    expect(choosePlugin(readPluginFacts('command', [], binDir)).kind).toBe('stand-in');
  });
});

describe('the launcher of a stand-in', () => {
  it('hands on its arguments, whatever the paths look like', () => {
    const bundle = join(dir, "it's a bundle.mjs");
    writeFileSync(bundle, 'console.log(JSON.stringify(process.argv.slice(2)))');
    const launcher = program(join(dir, 'launcher'), standInLauncher(process.execPath, bundle));
    expect(JSON.parse(execFileSync(launcher, ['127.0.0.1:1', 'a b'], { encoding: 'utf8' }))).toEqual([
      '127.0.0.1:1',
      'a b',
    ]);
  });
});
