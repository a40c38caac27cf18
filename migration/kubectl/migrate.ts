import { perform, pluginCommand } from './command.ts';

/** `kubectl migrate POD [NODE]`: moves a running pod to another node with its state. */
const command = pluginCommand('kubectl migrate', 'Move a running pod to another node with its state.')
  .argument('<pod>', 'the pod; the name it had before earlier moves will do')
  .argument('[node]', 'node to move to (default: the scheduler chooses another one)')
  .action(async (pod: string, node: string | undefined) => {
    const spec = { action: 'live-migration' as const, sourcePod: pod, ...(node && { destHost: node }) };
    process.exitCode = await perform(`migrate-${pod}`, spec, command.opts());
  });

void command.parseAsync();
