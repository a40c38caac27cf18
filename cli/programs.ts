import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { $ } from 'zx/core';
import { Failure } from './failure.ts';
import { interrupted, withInterrupts } from './interrupts.ts';
import { formatSeconds, type Journal } from './journal.ts';

export interface CaptureOptions {
  /** The program is killed after that many seconds; required, so that nothing can hang for ever. */
  timeoutSeconds: number;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  input?: string;
  /** Ctrl-C on the terminal does not reach it: whoever runs it stops after it. */
  shielded?: boolean;
  /** Gets the command and what it answered; left out where the answer holds secrets. */
  journal?: Journal;
}

export interface Captured {
  /** The exit code; 124 when the time was up (as timeout(1) has it), 127 when the program does not exist. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program without a terminal and collects what it says. Never throws because of an exit code. */
export async function capture(
  program: string,
  args: readonly string[],
  options: CaptureOptions,
): Promise<Captured> {
  const started = performance.now();
  const run = $({
    quiet: true,
    nothrow: true,
    env: options.env ?? process.env,
    // zx would leave standard input open for an empty text.
    ...(options.input ? { input: options.input } : { stdio: ['ignore', 'pipe', 'pipe'] as const }),
    timeout: options.timeoutSeconds * 1000,
    detached: options.shielded === true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })`${program} ${args}`;
  const output = await run;
  const seconds = (performance.now() - started) / 1000;
  const timedOut = output.signal !== null && seconds >= options.timeoutSeconds;
  const captured = {
    code: timedOut ? 124 : (output.exitCode ?? 1),
    stdout: output.stdout,
    stderr: output.stderr,
  };
  options.journal?.write(
    `$ ${[program, ...args].join(' ')} -> ${captured.code} in ${formatSeconds(seconds)}\n${captured.stdout}${captured.stderr}`,
  );
  return captured;
}

/**
 * Like `capture`, for programs whose failure ends the command.
 * @throws Failure with what was attempted, the exit code and the last lines of the program's standard error.
 */
export async function mustCapture(
  purpose: string,
  program: string,
  args: readonly string[],
  options: CaptureOptions,
): Promise<string> {
  const { code, stdout, stderr } = await capture(program, args, options);
  if (code === 0) return stdout;
  const why = code === 124 ? `no answer within ${options.timeoutSeconds} s` : `exit code ${code}`;
  const words = lastLines(stderr.trim() === '' ? stdout : stderr, 8);
  throw new Failure(`${purpose}: \`${program} ${args[0] ?? ''}\` failed (${why})\n${words}`.trimEnd());
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** The program's path as a shell would find it, or undefined. Folders in `except` are passed over. */
export function findProgram(
  name: string,
  path: string = process.env.PATH ?? '',
  except: readonly string[] = [],
): string | undefined {
  for (const dir of path.split(delimiter)) {
    if (dir === '' || except.includes(dir)) continue;
    const file = join(dir, name);
    if (existsSync(file)) return file;
  }
  return undefined;
}

export interface StreamOptions {
  env: NodeJS.ProcessEnv;
  cwd?: string;
  journal: Journal;
  /** The child gets this run's terminal and draws on it itself; its lines are then not in the log. */
  terminal: boolean;
  /** Each line of output, where there is no terminal; standard error by default. */
  onLine?: (line: string) => void;
  /** The child is asked to stop after that many seconds, and killed 60 s later. */
  timeoutSeconds: number;
}

/**
 * Runs a long program whose progress the user watches. The first interrupt of this run reaches it once, as SIGINT;
 * a second one reaches it again (the engine then gives up at once), a third one kills it.
 * On a terminal Ctrl-C goes to the whole foreground group by itself, so only signals from elsewhere are passed on.
 */
export async function stream(
  program: string,
  args: readonly string[],
  options: StreamOptions,
): Promise<{ code: number; timedOut: boolean }> {
  options.journal.write(`$ ${[program, ...args].join(' ')}`);
  const child = spawn(program, args, {
    env: options.env,
    stdio: options.terminal ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a signal to ours does not reach it a second time.
    detached: !options.terminal,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  if (!options.terminal) relayLines(child, options);
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    options.journal.say(`time is up after ${formatSeconds(options.timeoutSeconds)}: stopping ${program}`);
    child.kill('SIGINT');
  }, options.timeoutSeconds * 1000);
  const hardLimit = setTimeout(() => child.kill('SIGKILL'), (options.timeoutSeconds + 60) * 1000);
  try {
    const code = await withInterrupts(
      (signal, count) => {
        if (count > 2) child.kill('SIGKILL');
        else if (!(options.terminal && signal === 'SIGINT')) child.kill('SIGINT');
        if (count === 1) options.journal.write(`${signal}: asked ${program} to stop`);
      },
      () => ended(child),
    );
    options.journal.write(`${program} ended with exit code ${code}`);
    return { code, timedOut };
  } finally {
    clearTimeout(limit);
    clearTimeout(hardLimit);
  }
}

/** Whether the user stopped this run; commands look at it after a child has failed. */
export function assertNotInterrupted(advice: string): void {
  if (interrupted()) throw new Failure('interrupted', { advice, exitCode: 130 });
}

function relayLines(child: ChildProcess, options: StreamOptions): void {
  const show = options.onLine ?? ((line: string) => process.stderr.write(`${line}\n`));
  for (const source of [child.stdout, child.stderr]) {
    if (source === null) continue;
    let rest = '';
    source.setEncoding('utf8');
    source.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) relay(line);
    });
    source.on('end', () => {
      if (rest !== '') relay(rest);
    });
  }
  function relay(line: string): void {
    options.journal.write(line === '' ? ' ' : line);
    show(line);
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Failure(`cannot start ${child.spawnfile}`, { cause })));
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
