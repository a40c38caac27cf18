import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { isCompletion } from './answer.ts';
import { wantedNext } from './candidates.ts';

const command = new Command('kubectl migrate')
  .argument('<pod>')
  .argument('[node]')
  .option('-n, --namespace <namespace>')
  .option('--dry-run')
  .addOption(new Option('--strategy <transport>').choices(['stream', 'store']));
command.command('cancel').argument('<name>').option('--timeout <seconds>');

describe('completion', () => {
  it.each([
    [[''], { words: ['cancel'], kinds: ['pods'] }],
    [['tick', ''], { words: [], kinds: ['nodes'] }],
    [['tick', 'worker2', ''], { words: [], kinds: [] }],
    [['--dry-run', 'tick', ''], { words: [], kinds: ['nodes'] }],
    [['--strategy', 'st'], { words: ['stream', 'store'], kinds: [] }],
    [['-n', 'default', 'tick', 'w'], { kinds: ['nodes'], where: { namespace: 'default' } }],
    [['--namespace=x', ''], { kinds: ['pods'], where: { namespace: 'x' } }],
    [['-n', ''], { words: [], kinds: ['namespaces'] }],
    [['--'], { words: ['--namespace', '--dry-run', '--strategy'], kinds: [] }],
    [['cancel', ''], { words: [], kinds: ['podmigrations', 'pods'] }],
    [['cancel', '--t'], { words: ['--timeout'] }],
  ])('of %j knows what comes next', (words, wanted) => {
    expect(wantedNext(command, words)).toMatchObject(wanted);
  });

  it.each([
    ['/usr/local/bin/kubectl_complete-migrate', true],
    ['/usr/local/bin/kubectl-migrate', false],
  ])('is what %s is called for: %s', (program, expected) => {
    expect(isCompletion(program)).toBe(expected);
  });
});
