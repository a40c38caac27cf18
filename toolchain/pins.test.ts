import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { assertPinned } from './go-build.ts';
import { debianPins, goPins, pins } from './pins.ts';

const goSchema = z.strictObject({
  origin: z.literal('go-module'),
  name: z.string().min(1),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  module: z.string().regex(/^[a-z0-9.-]+\.[a-z]+\/[\w./-]+$/),
  moduleVersion: z.string().startsWith('v'),
  checksum: z.string().regex(/^h1:[A-Za-z0-9+/]{43}=$/),
  programs: z.record(z.string(), z.string()),
  ldflags: z.string(),
  seconds: z.number().positive(),
});

const debianSchema = z.strictObject({
  origin: z.literal('debian-pool'),
  name: z.string().min(1),
  version: z.string().regex(/^\d/),
  path: z.string().regex(/^pool\/main\/.*_amd64\.deb$/),
  checksum: z.string().regex(/^[0-9a-f]{64}$/),
});

const readWrapper = (name: string, file: string) =>
  readFileSync(new URL(`./go/${name}/${file}`, import.meta.url), 'utf8');

describe('the pin table', () => {
  it('pins every Go program completely', () => {
    for (const pin of goPins) expect(goSchema.safeParse(pin).error, pin.name).toBeUndefined();
  });

  it('pins every Debian package completely', () => {
    for (const pin of debianPins) expect(debianSchema.safeParse(pin).error, pin.name).toBeUndefined();
  });

  it('names nothing twice', () => {
    const outputs = goPins.flatMap((pin) => Object.keys(pin.programs));
    const names = [...outputs, ...debianPins.map((pin) => pin.name)];
    expect(new Set(names).size).toBe(names.length);
  });

  it('has the version of a package in its path, as the pool has it', () => {
    for (const { name, version, path } of debianPins) expect(path).toContain(`/${name}_${version}_amd64.deb`);
  });

  it.each(goPins.map((pin) => [pin.name, pin] as const))(
    'agrees with the module files of %s',
    (name, pin) => {
      const module = readWrapper(name, 'go.mod');
      expect(module).toContain(`\t${pin.module} ${pin.moduleVersion}`);
      for (const source of Object.values(pin.programs)) expect(module).toContain(source);
      assertPinned(pin, readWrapper(name, 'go.sum'));
    },
  );

  it('refuses module files that name other content', () => {
    const sums = readWrapper('etcd', 'go.sum');
    expect(() => assertPinned({ ...pins.etcd, checksum: `h1:${'A'.repeat(43)}=` }, sums)).toThrow(
      'go.sum has no line',
    );
    expect(() => assertPinned({ ...pins.etcd, moduleVersion: 'v3.6.14' }, sums)).toThrow('v3.6.14');
  });

  it('tells Kubernetes the version it is', () => {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(pins.kubernetes.version) ?? [];
    expect(pins.kubernetes.ldflags).toContain(`gitMajor=${major} `);
    expect(pins.kubernetes.ldflags).toContain(`gitMinor=${minor} `);
  });
});
