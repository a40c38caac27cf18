import type { PodmigrationSpec } from '../contract/podmigration.ts';
import { type Options, perform, performDryRun, pluginCommand } from './command.ts';

interface MigrateOptions extends Options {
  dryRun?: true;
  ignoreChecks?: string[];
}

/** `kubectl migrate POD [NODE]`: moves a running pod to another node with its state. */
const command = pluginCommand('kubectl migrate', 'Move a running pod to another node with its state.')
  .argument('<pod>', 'the pod; the name it had before earlier moves will do')
  .argument('[node]', 'node to move to (default: the scheduler chooses another one)')
  .option('--dry-run', 'only tell, check by check, whether it can be moved: exit code 0 yes, 1 no')
  .option('--ignore-checks <names>', 'checks that may fail, separated by commas', (names) => names.split(','))
  .action(async (sourcePod: string, destHost: string | undefined) => {
    const { dryRun = false, ignoreChecks, ...options } = command.opts<MigrateOptions>();
    const spec: PodmigrationSpec = {
      action: 'live-migration',
      sourcePod,
      ...(destHost && { destHost }),
      ...(ignoreChecks && { ignoreChecks }),
    };
    process.exitCode = await (dryRun ? performDryRun : perform)(`migrate-${sourcePod}`, spec, options);
  });

void command.parseAsync();
