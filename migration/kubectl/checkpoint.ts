import { InvalidArgumentError } from 'commander';
import { perform, pluginCommand } from './command.ts';

/** `kubectl checkpoint POD PATH`: saves the state of a running pod on the shared store. */

const command = pluginCommand('kubectl checkpoint', 'Save the state of a running pod; it runs on.')
  .argument('<pod>', 'the pod; the name it had before earlier moves will do')
  .argument(
    '<path>',
    'directory on the shared store; the checkpoint goes to <path>/<pod name up to its first dash>',
  )
  .option('--keep <n>', 'keep the newest <n> checkpoints of this pod there (default: only this one)', count)
  .option('--days <d>', 'keep older checkpoints of this pod there for <d> days', count)
  .addHelpText(
    'after',
    '\nWhat there is: kubectl get podcheckpoints; deleting one removes it from the store.',
  )
  .action(async (pod: string, path: string, { keep, days }: { keep?: number; days?: number }) => {
    const retention = { ...(keep !== undefined && { keep }), ...(days !== undefined && { days }) };
    const isAsked = keep !== undefined || days !== undefined;
    const spec = { action: 'checkpoint' as const, sourcePod: pod, snapshotPath: path };
    process.exitCode = await perform(
      `checkpoint-${pod}`,
      { ...spec, ...(isAsked && { retention }) },
      command.opts(),
    );
  });

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number from 1 on is needed');
  return value;
}

void command.parseAsync();
