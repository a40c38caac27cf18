import { Command, Option } from 'commander';
import { addressChoice, transport } from '../contract/agent-api.ts';
import type { PodmigrationSpec } from '../contract/podmigration.ts';
import { perform, performDryRun } from './command.ts';
import { addManagement } from './manage.ts';
import { type FollowOptions, followingCommand, podName } from './options.ts';
import { runPlugin } from './run.ts';

interface MigrateOptions extends FollowOptions {
  ignoreChecks?: string[];
  address?: PodmigrationSpec['address'];
  strategy?: PodmigrationSpec['transport'];
}

/** `kubectl migrate POD [NODE]`: moves a running pod to another node with its state; and what there is of migrations. */
const command = followingCommand(
  new Command('kubectl migrate'),
  'Move a running pod to another node with its state.',
)
  .argument('<pod>', 'the pod, also as pod/NAME; the name it had before earlier moves will do')
  .argument('[node]', 'node to move to (default: the scheduler chooses another one)')
  .option('--dry-run', 'only tell, check by check, whether it can be moved: exit code 0 yes, 1 no')
  .option('--ignore-checks <names>', 'checks that may fail, separated by commas', (names) => names.split(','))
  .addOption(
    new Option(
      '--strategy <transport>',
      'how the state goes: from node to node (stream), or through the store',
    )
      .choices(transport.options)
      .default(undefined, 'stream'),
  )
  .addOption(
    new Option(
      '--address <choice>',
      "the pod's address goes along, or it gets a new one (default: the lab's choice)",
    ).choices(addressChoice.options),
  )
  .action(async (pod: string, destHost: string | undefined) => {
    const { dryRun = false, ignoreChecks, strategy, address, ...options } = command.opts<MigrateOptions>();
    const sourcePod = podName(pod);
    const spec: PodmigrationSpec = {
      action: 'live-migration',
      sourcePod,
      ...(destHost && { destHost }),
      ...(strategy && { transport: strategy }),
      ...(address && { address }),
      ...(ignoreChecks && { ignoreChecks }),
    };
    process.exitCode = await (dryRun ? performDryRun : perform)(`migrate-${sourcePod}`, spec, options);
  });
addManagement(command);

void runPlugin(command);
