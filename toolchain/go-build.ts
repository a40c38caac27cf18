import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GoPin, goPins } from './pins.ts';
import type { Job, Recipe } from './recipe.ts';
import { run } from './run.ts';
import { packTar, subfolder } from './tar.ts';

const modules = fileURLToPath(new URL('./go/', import.meta.url));

/** Outputs that hold several small programs as one archive. */
const archived: Readonly<Record<string, string>> = { 'cni-plugins': 'cni-plugins.tar' };

/**
 * Go's settings for every build. Caches, proxy and checksum database stay the machine's own (`go env`); what would
 * change the result does not. `-mod=readonly`: a module that is not in the committed go.sum stops the build.
 */
const environment = {
  CGO_ENABLED: '0',
  GOFLAGS: '-mod=readonly -trimpath -buildvcs=false',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  GOOS: 'linux',
  GOARCH: 'amd64',
};

let compiler: Promise<string> | undefined;

/** Version of the machine's Go compiler, such as `go1.26.8`: part of every key, for it decides what is built. */
function compilerVersion(): Promise<string> {
  compiler ??= run('go', ['env', 'GOVERSION'], { timeoutSeconds: 20, env: { GOTOOLCHAIN: 'local' } }).then(
    (text) => text.trim(),
  );
  return compiler;
}

/** Recipes for the programs built from Go modules, one a module: its programs share most of their packages. */
export const goRecipes: readonly Recipe[] = [...goPins.map(pinnedRecipe), pauseRecipe()];

function pinnedRecipe(pin: GoPin): Recipe {
  const folder = join(modules, pin.name);
  const archive = archived[pin.name];
  return {
    name: pin.name,
    title: `${pin.name} ${pin.version} (Go)`,
    seconds: pin.seconds,
    needs: [],
    outputs: archive ? [archive] : Object.keys(pin.programs),
    inputs: async () => ({
      pin: forKey(pin),
      environment,
      compiler: await compilerVersion(),
      ...(await wrapper(folder)),
    }),
    async build(job) {
      assertPinned(pin, (await wrapper(folder)).sums);
      const into = archive ? await subfolder(job.folder, 'programs') : job.folder;
      await build(folder, pin, into, job);
      if (archive) await packTar(into, join(job.folder, archive));
    },
  };
}

/** The estimate of a duration is no input. */
function forKey({ seconds: _, ...pin }: GoPin): Omit<GoPin, 'seconds'> {
  return pin;
}

async function wrapper(folder: string): Promise<{ module: string; sums: string }> {
  const [module, sums] = await Promise.all(
    ['go.mod', 'go.sum'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  return { module: module ?? '', sums: sums ?? '' };
}

/** The table and the committed go.sum must name one and the same content. @throws Error when they do not. */
export function assertPinned(pin: GoPin, sums: string): void {
  const line = `${pin.module} ${pin.moduleVersion} ${pin.checksum}`;
  if (sums.split('\n').includes(line)) return;
  throw new Error(
    `toolchain/go/${pin.name}/go.sum has no line "${line}", as toolchain/pins.ts says it should.`,
  );
}

/**
 * One `go build` for all programs of a module: packages they share are compiled once, and an interrupted build goes
 * on where it was, out of Go's own cache.
 */
async function build(folder: string, pin: GoPin, into: string, job: Job): Promise<void> {
  const programs = Object.entries(pin.programs);
  const [first] = programs;
  // With one package `-o` may name the file; with several it names the folder and Go the files.
  const output = programs.length === 1 && first ? join(into, first[0]) : `${into}/`;
  const args = ['build', `-ldflags=${pin.ldflags}`, '-o', output, ...programs.map(([, source]) => source)];
  await run('go', args, {
    cwd: folder,
    env: { ...environment, GOTMPDIR: job.folder },
    timeoutSeconds: 3600,
    diesWithUs: true,
    signal: job.signal,
  });
}

/** `pause` is a program of our own: a machine need not have a C compiler. */
function pauseRecipe(): Recipe {
  const folder = join(modules, 'pause');
  const sources = async () =>
    Object.fromEntries(
      await Promise.all(
        ['go.mod', 'main.go'].map(
          async (name) => [name, await readFile(join(folder, name), 'utf8')] as const,
        ),
      ),
    );
  return {
    name: 'pause',
    title: 'pause (Go)',
    seconds: 5,
    needs: [],
    outputs: ['pause'],
    inputs: async () => ({ sources: await sources(), environment, compiler: await compilerVersion() }),
    async build(job) {
      const args = ['build', '-ldflags=-s -w', '-o', join(job.folder, 'pause'), '.'];
      await run('go', args, {
        cwd: folder,
        env: { ...environment, GOTMPDIR: job.folder },
        timeoutSeconds: 600,
        signal: job.signal,
      });
    },
  };
}
