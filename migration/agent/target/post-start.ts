import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** The kubelet runs a postStart hook right after `start`; later the same command is a user's. */
const WAITED_FOR_MS = 120_000;

const words = z.array(z.string()).min(1);
const execProcess = z.looseObject({ args: words });

/**
 * postStart hooks that ran in the source and are not to run again. A file for each container holds the hook's command; the wrapper
 * asks about an `exec` only while it is there, and the first that is that command is swallowed.
 */
export class PostStartHooks {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  expect(containerId: string, command: readonly string[]): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    writeFileSync(this.#file(containerId), JSON.stringify(command), { mode: 0o600 });
  }

  /** Whether this exec is the hook; true only once. `processFile` is what the shim gives to `runc exec --process`. */
  swallows(containerId: string, processFile: string): boolean {
    const file = this.#file(containerId);
    const hook = words.parse(JSON.parse(readFileSync(file, 'utf8')));
    const asked = execProcess.parse(JSON.parse(readFileSync(processFile, 'utf8'))).args;
    const late = Date.now() - statSync(file).mtimeMs > WAITED_FOR_MS;
    const isHook = !late && JSON.stringify(asked) === JSON.stringify(hook);
    if (isHook || late) rmSync(file, { force: true });
    return isHook;
  }

  /** For a container that never comes to run. */
  forget(containerId: string): void {
    rmSync(this.#file(containerId), { force: true });
  }

  #file(containerId: string): string {
    return path.join(this.#dir, containerId);
  }
}
