import { perform, pluginCommand } from './command.ts';

/** `kubectl checkpoint POD PATH`: saves the state of a running pod on the shared store. */
const command = pluginCommand('kubectl checkpoint', 'Save the state of a running pod; it runs on.')
  .argument('<pod>', 'the pod; the name it had before earlier moves will do')
  .argument(
    '<path>',
    'directory on the shared store; the checkpoint goes to <path>/<pod name up to its first dash>',
  )
  .action(async (pod: string, path: string) => {
    const spec = { action: 'checkpoint' as const, sourcePod: pod, snapshotPath: path };
    process.exitCode = await perform(`checkpoint-${pod}`, spec, command.opts());
  });

void command.parseAsync();
