import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { podCheckpoint } from '../contract/podcheckpoint.ts';
import { checkpointPath } from '../kube/paths.ts';
import { guarded, perform, performTrial } from './command.ts';
import { connect } from './connection.ts';
import { type FollowOptions, followingCommand, wholeNumber } from './options.ts';
import { runPlugin } from './run.ts';

interface RestoreOptions extends FollowOptions {
  replicas?: number;
  template?: object;
}

/** `kubectl restore CHECKPOINT [NODE]`: starts pods from a checkpoint. */
const command = followingCommand(
  new Command('kubectl restore'),
  'Start pods from a checkpoint. They live as long as the podmigration that is made for them.',
)
  .argument('<checkpoint>', 'a podcheckpoint, or one pod’s directory on the store: /PATH/POD')
  .argument('[node]', 'node to start them on (default: the scheduler chooses)')
  .option('-r, --replicas <n>', 'how many pods (default: 1)', wholeNumber(0))
  .option(
    '-f, --template <file>',
    'the pod to create, a PodTemplateSpec (default: as it was saved)',
    readTemplate,
  )
  .option('--dry-run', 'only ask the API server whether it would take the object')
  .action(async (checkpoint: string, destHost: string | undefined) => {
    const { replicas, template, dryRun = false, ...options } = command.opts<RestoreOptions>();
    process.exitCode = await guarded(async () => {
      const snapshotPath = checkpoint.includes('/') ? checkpoint : await pathOf(checkpoint, options);
      const spec = {
        action: 'restore' as const,
        snapshotPath,
        ...(destHost && { destHost }),
        ...(replicas !== undefined && { replicas }),
        ...(template && { template: { ...template } }),
      };
      return (dryRun ? performTrial : perform)(prefixOf(snapshotPath), spec, options);
    });
  });

async function pathOf(name: string, options: FollowOptions): Promise<string> {
  const { client, namespace } = connect(options);
  const { spec, status } = podCheckpoint.parse(await client.request('GET', checkpointPath(namespace, name)));
  return status.path ?? spec.path;
}

/** Of a directory, what may be part of an object's name. */
function prefixOf(path: string): string {
  const last = path.split('/').filter(Boolean).at(-1) ?? '';
  const safe = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return safe === '' ? 'restore' : `restore-${safe.slice(0, 200)}`;
}

function readTemplate(file: string): object {
  try {
    return z.looseObject({ spec: z.looseObject({}) }).parse(parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new InvalidArgumentError(`${file} is no pod template: ${why}`);
  }
}

void runPlugin(command);
