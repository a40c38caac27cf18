import { expect, it } from 'vitest';
import { cacheDir, stateDir } from '../paths.ts';
import { findOrphans } from './orphans.ts';

const commands: Record<number, string[]> = {
  10: ['/usr/bin/pulumi', 'up'],
  11: [`${stateDir}/bin/pulumi-language-nodejs`, '127.0.0.1:1'],
  12: [
    '/usr/bin/node',
    `${cacheDir()}/artefacts/${'a'.repeat(64)}-pulumi-resource-command.mjs`,
    '127.0.0.1:1',
  ],
  21: [`${stateDir}/bin/pulumi-language-nodejs`, '127.0.0.1:2'],
  22: [
    '/usr/bin/node',
    `${cacheDir()}/artefacts/${'a'.repeat(64)}-pulumi-resource-command.mjs`,
    '127.0.0.1:2',
  ],
  23: [`${stateDir}/pulumi-home/plugins/resource-command-v1.2.1/pulumi-resource-command`, '127.0.0.1:2'],
  30: ['/usr/bin/vim', `${stateDir}/pulumi-home/notes`],
  31: ['/usr/local/bin/pulumi-language-nodejs', '127.0.0.1:3'],
};

it('finds the helpers whose engine is gone, and nobody else’s', () => {
  const processes = Object.keys(commands)
    .map(Number)
    .map((pid) => ({
      pid,
      parent: pid === 11 || pid === 12 ? 10 : 1,
      startTime: '1',
      command: pid === 10 ? 'pulumi' : 'x',
    }));
  expect(findOrphans(processes, (pid) => commands[pid] ?? [])).toEqual([21, 22, 23]);
});
