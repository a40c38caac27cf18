import { Command } from 'commander';
import { perform, performTrial } from './command.ts';
import { type FollowOptions, followingCommand, podName, wholeNumber } from './options.ts';
import { runPlugin } from './run.ts';

interface CheckpointOptions extends FollowOptions {
  keep?: number;
  days?: number;
}

/** `kubectl checkpoint POD PATH`: saves the state of a running pod on the shared store. */
const command = followingCommand(
  new Command('kubectl checkpoint'),
  'Save the state of a running pod; it runs on.',
)
  .argument('<pod>', 'the pod, also as pod/NAME; the name it had before earlier moves will do')
  .argument(
    '<path>',
    'directory on the shared store; the checkpoint goes to <path>/<pod name up to its first dash>',
  )
  .option(
    '--keep <n>',
    'keep the newest <n> checkpoints of this pod there (default: only this one)',
    wholeNumber(1),
  )
  .option('--days <d>', 'keep older checkpoints of this pod there for <d> days', wholeNumber(1))
  .option('--dry-run', 'only ask the API server whether it would take the object')
  .addHelpText(
    'after',
    '\nWhat there is: kubectl get podcheckpoints; deleting one removes it from the store.',
  )
  .action(async (pod: string, path: string) => {
    const { keep, days, dryRun = false, ...options } = command.opts<CheckpointOptions>();
    const retention = { ...(keep !== undefined && { keep }), ...(days !== undefined && { days }) };
    const isAsked = keep !== undefined || days !== undefined;
    const sourcePod = podName(pod);
    const spec = { action: 'checkpoint' as const, sourcePod, snapshotPath: path };
    process.exitCode = await (dryRun ? performTrial : perform)(
      `checkpoint-${sourcePod}`,
      { ...spec, ...(isAsked && { retention }) },
      options,
    );
  });

void runPlugin(command);
