import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hostsOf, type Lab, phaseScripts, renderPhase } from '../phase.ts';
import { exampleArtefact, exampleContext, exampleLab } from '../testing.ts';
import { allPhases } from './index.ts';

const lab = exampleLab();
const dual = exampleLab(2, 'dual');
const site = { containerd: exampleArtefact('containerd'), criu: exampleArtefact('criu') };
const rendered = allPhases.flatMap((phase) =>
  hostsOf(phase, lab)
    .filter((host) => host.name !== 'worker2')
    .flatMap((host) =>
      [exampleContext(lab, host), exampleContext(lab, host, site)].map((context) => ({ phase, context })),
    )
    .concat(
      hostsOf(phase, dual)
        .slice(0, 1)
        .map((host) => ({ phase, context: exampleContext(dual, host) })),
    )
    .map((one, i) => ({ name: `${phase.name}-${one.context.host.name}-${i}`, ...one })),
);
const folder = mkdtempSync(join(tmpdir(), 'podferry-phases-'));
afterAll(() => rmSync(folder, { recursive: true }));

const scripts = new Map(
  rendered.flatMap(({ name, phase, context }) =>
    Object.entries(phaseScripts(phase, context)).map(([part, text]) => [text, `${name}-${part}.sh`] as const),
  ),
);
const files = [...scripts].map(([text, name]) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
});
const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

describe('the scripts of all phases', () => {
  it('are understood by a POSIX shell', () => {
    for (const file of files) execFileSync('sh', ['-n', file]);
  });

  it.skipIf(!hasShellcheck)(
    'have nothing that shellcheck objects to',
    () => {
      // every script carries the whole library, of which it uses a part: 2317 and 2329 are unused functions
      const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2317,SC2329', '-f', 'gcc', ...files], {
        encoding: 'utf8',
      });
      expect(stdout.replaceAll(folder, '')).toBe('');
    },
    120_000,
  );

  it('fit into one argument of a command', () => {
    for (const { phase, context } of rendered) {
      const { create } = renderPhase(phase, context);
      expect(Buffer.byteLength(create)).toBeLessThan(131_072);
    }
  });

  it('hold no text that was left undefined', () => {
    for (const { phase, context } of rendered) {
      const { setUp, remove } = phaseScripts(phase, context);
      expect(setUp + remove).not.toMatch(/undefined|\[object Object\]|NaN/);
    }
  });
});

describe('adding a worker', () => {
  const larger = exampleLab(3);

  it('changes only the phases that concern all hosts at once', () => {
    const changed = allPhases.filter((phase) =>
      hostsOf(phase, lab).some((host) => {
        const before = renderPhase(phase, exampleContext(lab, host));
        const after = renderPhase(phase, exampleContext(larger, host));
        return before.create !== after.create;
      }),
    );
    expect(changed.map((phase) => phase.name).sort()).toEqual([
      'leaving-nodes',
      'pod-routes',
      'store-check',
      'store-server',
    ]);
  });
});

describe('a dual-stack lab', () => {
  const phasesWith = (pattern: RegExp, of: Lab) =>
    allPhases
      .filter((phase) =>
        hostsOf(phase, of).some((host) => {
          const { setUp } = phaseScripts(phase, exampleContext(of, host));
          return pattern.test(setUp);
        }),
      )
      .map(({ name }) => name);

  it('is told of its IPv6 addresses wherever a lab is told of its IPv4 ones for pods', () => {
    const concerned = ['base', 'pod-routes', 'kept-addresses', 'containerd', 'control-plane', 'join'];
    expect(phasesWith(/fd00:10:/, dual)).toEqual(expect.arrayContaining(concerned));
  });

  it('is the only one that has any', () => {
    expect(phasesWith(/fd00:/, lab)).toEqual([]);
  });
});

describe('every phase', () => {
  it('has a name of its own that can be part of a file name', () => {
    const names = allPhases.map((phase) => phase.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z-]+$/);
  });

  it('ends its script with the status of what it ran, and says so when it took too long', () => {
    for (const { phase, context } of rendered) {
      const { create } = renderPhase(phase, context);
      expect(create).toContain(`timeout --kill-after=10 ${phase.timeoutSeconds} sh -c`);
      expect(create.trimEnd().endsWith('exit "$rc"')).toBe(true);
    }
  });
});
