import { rmSync } from 'node:fs';
import { removeEverything } from '../../node-setup/podman-hosts/remove.ts';
import type { Call } from '../context.ts';
import { type Engine, findEngine, operate, removeStack, stackExists } from '../engine/engine.ts';
import { clearDeadLocks } from '../engine/locks.ts';
import { endOrphans } from '../engine/orphans.ts';
import { clearPending } from '../engine/pending.ts';
import { dropStackFiles } from '../engine/state-files.ts';
import { clearTemporaryFolders } from '../engine/temporary.ts';
import { exitCodes, Failure } from '../failure.ts';
import { formatSeconds } from '../journal.ts';
import { stackPaths } from '../paths.ts';
import { enginePresent } from '../prepare.ts';
import { assertNotInterrupted, capture, findProgram, lastLines } from '../programs.ts';
import { assertCachesUnused, purgeCaches } from '../purge.ts';
import { readStackSettings } from '../stack-settings.ts';
import { runSteps, type Step } from '../steps.ts';

/** Seconds that the engine has to take a lab down; hosts that do not answer cost 15 s each. */
const ENGINE_SECONDS = 15 * 60;

/** Seconds for removing what podman still has of a stack. */
const SWEEP_SECONDS = 180;

export interface DownOptions {
  purge?: boolean;
  forgetHosts?: boolean;
}

/**
 * Takes the lab down. The engine undoes what its state knows; then everything that carries the stack's label is
 * removed, known or not, so that a lost state or a half-finished `up` leaves nothing behind either.
 */
export async function down(call: Call, options: DownOptions): Promise<number> {
  const { journal, stack } = call;
  if (options.purge) await assertCachesUnused(stack);
  const engine = await findEngine(stack, journal);
  const known = (await enginePresent(engine)) && (await stackExists(engine));
  if (known) await destroy(call, engine, options);
  else journal.say(`no state of stack ${stack} is known here; removing what carries its label`);
  await runSteps(call, [
    { title: 'Removing what is left on this machine', run: () => sweep(call) },
    { title: `Forgetting stack ${stack}`, run: () => forget(engine, known) },
    ...(options.purge ? [purgeStep(call)] : []),
  ]);
  process.stderr.write(`the lab is down (${formatSeconds(journal.elapsed)})\n`);
  return exitCodes.ok;
}

async function destroy(call: Call, engine: Engine, options: DownOptions): Promise<void> {
  await clearDeadLocks(engine);
  endOrphans(engine.journal);
  clearTemporaryFolders(engine.stack);
  await clearPending(engine, { adopt: true });
  const args = ['destroy', '--yes', '--skip-preview', '--continue-on-error'];
  const { code } = await operate(engine, args, { timeoutSeconds: ENGINE_SECONDS, terminal: call.terminal });
  if (code === 0) return;
  assertNotInterrupted('`./podferry down` goes on where it stopped.');
  if (options.forgetHosts || readStackSettings(call.stack).config.hosts === 'podman') {
    call.journal.say(
      'the engine could not undo everything; what it left is removed with the hosts themselves',
    );
    return;
  }
  throw new Failure(`pulumi destroy failed (exit code ${code})`, {
    advice:
      'Hosts that are gone for good: `./podferry down --forget-hosts` drops what the state knows of them. Else mend the cause and run it again.',
  });
}

/** Removes containers, volumes and networks by the stack's label, and gives this machine its settings back. */
async function sweep({ stack, journal }: Call): Promise<void> {
  if (findProgram('podman') === undefined) return;
  const { code, stderr } = await capture('sh', ['-c', removeEverything(stack)], {
    timeoutSeconds: SWEEP_SECONDS,
    journal,
  });
  if (code !== 0) throw new Failure(`removing what is left of stack ${stack}\n${lastLines(stderr, 5)}`);
}

async function forget(engine: Engine, known: boolean): Promise<void> {
  if (engine.ownBackend) {
    if (known) await removeStack(engine);
    dropStackFiles(engine.stack);
  }
  rmSync(stackPaths(engine.stack).dir, { recursive: true, force: true });
}

function purgeStep(call: Call): Step {
  return { title: 'Removing caches and images', run: () => purgeCaches(call.journal) };
}
