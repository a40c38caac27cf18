import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Journal } from '../journal.ts';
import { binDir, projectDir } from '../paths.ts';
import { type Captured, capture, mustCapture, stream } from '../programs.ts';
import { chooseEngine, type EngineChoice } from './choice.ts';
import {
  applyChange,
  type BackendFacts,
  type EnvironmentChange,
  stackEnvironment,
  usesOwnBackend,
} from './environment.ts';
import { readBackendFacts, readEngineFacts } from './facts.ts';
import { withTemporaryFolder } from './temporary.ts';

/** The engine as it runs one stack. */
export interface Engine {
  stack: string;
  choice: EngineChoice;
  pulumi: string;
  backend: BackendFacts;
  ownBackend: boolean;
  /** What differs from the user's environment. */
  change: EnvironmentChange;
  env: NodeJS.ProcessEnv;
  journal: Journal;
}

/** How the engine would be run; changes nothing. */
export async function findEngine(stack: string, journal: Journal): Promise<Engine> {
  const backend = readBackendFacts();
  const choice = chooseEngine(await readEngineFacts());
  const change = stackEnvironment(stack, backend);
  return {
    stack,
    choice,
    pulumi: choice.kind === 'installed' ? choice.pulumi : join(binDir, 'pulumi'),
    backend,
    ownBackend: usesOwnBackend(backend),
    change,
    env: applyChange(process.env, change),
    journal,
  };
}

/** Runs a short engine command on the stack and collects its answer. `secret` keeps the answer out of the log. */
export function askEngine(
  engine: Engine,
  args: readonly string[],
  options: { timeoutSeconds?: number; input?: string; secret?: boolean } = {},
): Promise<Captured> {
  return withTemporaryFolder(engine.stack, (TMPDIR) =>
    capture(engine.pulumi, [...args, '--non-interactive', '--stack', engine.stack], {
      timeoutSeconds: options.timeoutSeconds ?? 60,
      env: { ...engine.env, TMPDIR },
      cwd: projectDir,
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.secret ? {} : { journal: engine.journal }),
    }),
  );
}

/** Makes the stack if it does not exist. */
export async function selectStack(engine: Engine): Promise<void> {
  await mustCapture(
    `choosing stack ${engine.stack}`,
    engine.pulumi,
    ['stack', 'select', '--create', engine.stack, '--non-interactive'],
    { timeoutSeconds: 60, env: engine.env, cwd: projectDir, journal: engine.journal },
  );
}

export async function stackExists(engine: Engine): Promise<boolean> {
  const { code, stderr, stdout } = await askEngine(engine, ['stack', 'export'], { secret: true });
  if (code === 0) return true;
  if (/no stack named|not found/.test(stderr + stdout)) return false;
  throw new Failure(`reading stack ${engine.stack}: ${stderr.trim() || stdout.trim()}`);
}

/** Makes the backend forget an empty stack, or one whose resources are gone in other ways; its configuration stays. */
export async function removeStack(engine: Engine): Promise<void> {
  await mustCapture(
    `forgetting stack ${engine.stack}`,
    engine.pulumi,
    ['stack', 'rm', engine.stack, '--force', '--preserve-config', '--yes', '--non-interactive'],
    { timeoutSeconds: 60, env: engine.env, cwd: projectDir, journal: engine.journal },
  );
}

export interface OperateOptions {
  timeoutSeconds: number;
  /** Whether the engine may draw its tree on this run's terminal. */
  terminal: boolean;
  onLine?: (line: string) => void;
}

/** Runs `up`, `destroy` or `refresh` with its progress shown; answers the exit code. */
export function operate(
  engine: Engine,
  args: readonly string[],
  options: OperateOptions,
): Promise<{ code: number; timedOut: boolean }> {
  const eventLog = `${engine.journal.file.replace(/\.log$/, '')}.events.jsonl`;
  const shown = options.terminal
    ? ['--event-log', eventLog]
    : ['--non-interactive', '--color', 'never', '--suppress-progress'];
  return withTemporaryFolder(engine.stack, (TMPDIR) =>
    stream(engine.pulumi, [...args, '--stack', engine.stack, ...shown], {
      // The flag that keeps a log of what the tree shows is there only with this variable set.
      env: { ...engine.env, TMPDIR, ...(options.terminal ? { PULUMI_DEBUG_COMMANDS: '1' } : {}) },
      cwd: projectDir,
      journal: engine.journal,
      terminal: options.terminal,
      timeoutSeconds: options.timeoutSeconds,
      ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    }),
  );
}
