import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { exitCodes, Failure } from '../failure.ts';
import { backendDir, projectDir } from '../paths.ts';
import { mustCapture } from '../programs.ts';
import type { Engine } from './engine.ts';

/** What the file backend writes into a lock (pulumi: pkg/backend/diy/lock.go). */
const lockSchema = z.looseObject({ pid: z.int(), hostname: z.string(), timestamp: z.string() });
export type Lock = z.infer<typeof lockSchema>;

/** Seconds that an engine whose podferry is gone gets to end by itself. */
const ORPHAN_SECONDS = 90;

/**
 * Takes away locks of engines that were killed. An engine that lives is waited for if its podferry was killed (it is
 * asked to stop first), else it is somebody else's run.
 * @throws Failure with the exit code for a busy stack
 */
export async function clearDeadLocks(engine: Engine): Promise<void> {
  if (!engine.ownBackend) return;
  const locks = readLocks(engine.stack);
  if (locks.length === 0) return;
  for (const lock of locks) await settleLock(engine, lock);
  if (readLocks(engine.stack).length === 0) return;
  await mustCapture(
    'removing the lock of an engine that was killed',
    engine.pulumi,
    ['cancel', engine.stack, '--yes', '--non-interactive'],
    { timeoutSeconds: 30, env: engine.env, cwd: projectDir, journal: engine.journal },
  );
}

async function settleLock(engine: Engine, lock: Lock): Promise<void> {
  if (lock.hostname !== hostname()) throw busy(engine.stack, `${lock.hostname}, process ${lock.pid}`);
  if (!ownerLives(lock)) return;
  if (parentOf(lock.pid) !== 1) throw busy(engine.stack, `process ${lock.pid}`);
  engine.journal.say(`an engine of an earlier run (process ${lock.pid}) is still working: asking it to stop`);
  process.kill(lock.pid, 'SIGINT');
  const deadline = performance.now() + ORPHAN_SECONDS * 1000;
  while (ownerLives(lock)) {
    if (performance.now() > deadline)
      throw busy(engine.stack, `process ${lock.pid}, which did not stop within ${ORPHAN_SECONDS} s`);
    await sleep(250);
  }
}

function busy(stack: string, who: string): Failure {
  return new Failure(`another run is working on stack ${stack}: ${who}`, {
    advice: 'Wait for it, or stop it and run this command again.',
    exitCode: exitCodes.busy,
  });
}

function readLocks(stack: string): Lock[] {
  const dir = join(backendDir, '.pulumi', 'locks', 'organization', 'podferry', stack);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .map((name) => lockSchema.parse(JSON.parse(readFileSync(join(dir, name), 'utf8'))));
}

/** The process is there and is older than its lock: process ids are used again. */
export function ownerLives(lock: Lock): boolean {
  try {
    return statSync(`/proc/${lock.pid}`).ctimeMs <= Date.parse(lock.timestamp) + 1000;
  } catch {
    return false;
  }
}

function parentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}
