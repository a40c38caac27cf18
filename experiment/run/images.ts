import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BuildEvent } from '../../toolchain/build-all.ts';
import { giveImage, type NodeAccess } from '../../toolchain/give-image.ts';
import { appImageRecipes } from '../../toolchain/images.ts';
import { type ExperimentLab, workersOf } from '../lab.ts';
import type { Workload } from '../workloads/workload.ts';

const LIST_SECONDS = 30;
/** An image of some hundred megabytes on a busy machine. */
const GIVE_MS = 300_000;

/**
 * Builds the images of the workloads that a plain lab has not, and gives them to the workers. They stay there, as the next experiment
 * needs them again.
 * @returns the lab as if its configuration had named them
 */
export async function provideImages(
  lab: ExperimentLab,
  workloads: readonly Workload[],
  report: (event: BuildEvent) => void,
): Promise<ExperimentLab> {
  const { outputs } = lab;
  const image = { ...outputs.apps.image };
  for (const { app } of workloads)
    image[app] ??= await giveImage(
      accessTo(lab),
      { archive: `image-${app}.tar`, recipes: appImageRecipes(app), nodes: workersOf(lab) },
      report,
    );
  return { ...lab, outputs: { ...outputs, apps: { ...outputs.apps, image } } };
}

function accessTo(lab: ExperimentLab): NodeAccess {
  return {
    onNode: (node, script, input) =>
      input === undefined ? lab.onNode(node, script, LIST_SECONDS) : sendTo(lab, node, script, input),
  };
}

/** @throws when the script fails or is not done in time */
async function sendTo(lab: ExperimentLab, node: string, script: string, input: Readable): Promise<string> {
  const program = lab.startOnNode(node, script);
  const limit = AbortSignal.timeout(GIVE_MS);
  limit.addEventListener('abort', () => program.stop());
  let printed = '';
  program.stdout.on('data', (data: Buffer) => {
    printed += data.toString();
  });
  const sent = pipeline(input, program.stdin).catch((cause: unknown) => cause);
  const code = await program.ended;
  if (code === 0) return printed;
  const why = limit.aborted ? `not done within ${GIVE_MS / 1000} s` : `exit code ${code}`;
  throw new Error(`an image was not taken in by ${node}: ${why}`, { cause: await sent });
}
