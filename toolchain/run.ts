import { spawn } from 'node:child_process';

/** How a local program is run. */
export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment; `undefined` removes a variable. */
  env?: Record<string, string | undefined>;
  /** Deadline in seconds; the program is killed at it. */
  timeoutSeconds: number;
  signal?: AbortSignal | undefined;
  /** How the program is ended when `signal` says so; by default SIGINT, upon which most clean up. */
  endWith?: 'SIGINT' | 'SIGKILL';
  /** Whether the kernel ends it in that way too when this process dies without a word. For long ones. */
  diesWithUs?: boolean;
  stdin?: string;
}

/** A local program that failed, with the end of what it said. */
export class ProgramFailed extends Error {
  readonly program: string;
  readonly exit: string;
  readonly output: string;

  constructor(program: string, exit: string, output: string) {
    super(`${program} ${exit}${output ? `; the last it said:\n${output}` : ''}`);
    this.name = 'ProgramFailed';
    this.program = program;
    this.exit = exit;
    this.output = output;
  }
}

const keptOutput = 4000;

/**
 * Runs a program to its end and gives its standard output.
 *
 * @throws ProgramFailed when it cannot be started, ends with an error, is aborted or passes its deadline.
 */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const shown = [program, ...args.slice(0, 3)].join(' ');
  const killSignal = options.endWith ?? 'SIGINT';
  const guard = options.diesWithUs ? ['setpriv', '--pdeathsig', killSignal.slice('SIG'.length)] : [];
  const [first = program, ...rest] = [...guard, program, ...args];
  const env = { ...process.env, ...options.env };
  const child = spawn(first, rest, { cwd: options.cwd, env, signal: options.signal, killSignal });
  const out: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk);
    said = (said + chunk.toString('utf8')).slice(-keptOutput);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-keptOutput);
  });
  // A program that ends without reading its input is no error of ours; its exit status tells.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, options.timeoutSeconds * 1000);
  try {
    const exit = await new Promise<string | undefined>((resolve) => {
      child.on('error', (error) => {
        // Told to stop, it is waited for: only then is nobody writing any more.
        if (child.pid === undefined) resolve(`could not run: ${error.message}`);
      });
      child.on('close', (code, signal) =>
        resolve(code === 0 ? undefined : (signal ?? `exited with ${code}`)),
      );
    });
    if (late) throw new ProgramFailed(shown, `did not end within ${options.timeoutSeconds} s`, said.trim());
    if (exit) throw new ProgramFailed(shown, exit, said.trim());
    return Buffer.concat(out).toString('utf8');
  } finally {
    clearTimeout(deadline);
  }
}
