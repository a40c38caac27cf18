import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findShellScripts } from './static-checks.ts';

it('finds shell scripts by their first line, not by their names, and none of other people', () => {
  const root = mkdtempSync(join(tmpdir(), 'podferry-scripts-'));
  try {
    for (const dir of ['a/b', 'node_modules/x', '.ci']) mkdirSync(join(root, dir), { recursive: true });
    writeFileSync(join(root, 'a/b/wrapper'), '#!/bin/sh\necho\n');
    writeFileSync(join(root, '.ci/run'), '#!/usr/bin/env bash\n');
    writeFileSync(join(root, 'a/run.sh'), 'echo no first line\n');
    writeFileSync(join(root, 'a/tool'), '#!/usr/bin/env node\n');
    writeFileSync(join(root, 'a/empty'), '');
    writeFileSync(join(root, 'node_modules/x/y'), '#!/bin/sh\n');
    expect(findShellScripts(root)).toEqual(['.ci/run', 'a/b/wrapper']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
