import { Command } from 'commander';
import { expect, it } from 'vitest';
import { normalised, optionsOf, podName } from './options.ts';
import { machineText } from './output.ts';

it('takes flags in the forms that kubectl has', () => {
  const words = ['tick', '--wait=false', '--dry-run=server', '--dry-run=none', '-o', 'json'];
  expect(normalised(words)).toEqual(['tick', '--no-wait', '--dry-run', '-o', 'json']);
});

it.each([
  ['tick', 'tick'],
  ['pod/list', 'list'],
  ['po/status', 'status'],
])('%s names the pod %s', (text, name) => expect(podName(text)).toBe(name));

it('gives subcommands what stands before their names, unless they say otherwise', () => {
  const parent = new Command()
    .option('-n, --namespace <n>')
    .option('-o, --output <o>', '', 'text')
    .enablePositionalOptions();
  const child = parent.command('list').option('-n, --namespace <n>').option('-o, --output <o>', '', 'text');
  parent.parse(['-n', 'before', 'list', '-o', 'json'], { from: 'user' });
  expect(optionsOf(child)).toEqual({ namespace: 'before', output: 'json' });
});

it('prints for programs, and leaves people’s formats to others', () => {
  expect(machineText('yaml', { a: [1] }, [])).toBe('a:\n  - 1');
  expect(JSON.parse(machineText('json', { a: 1 }, []) ?? '')).toEqual({ a: 1 });
  expect(machineText('name', {}, ['a/b', 'a/c'])).toBe('a/b\na/c');
  expect(machineText('wide', {}, [])).toBeUndefined();
});
