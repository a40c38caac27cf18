import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptAccessSettings, debianMirror, sourceLine } from './debian.ts';
import { suite } from './host-root.ts';
import { runMmdebstrap } from './mmdebstrap.ts';
import type { Recipe } from './recipe.ts';

/** What copying out of a tree calls inside it: `ldd`, a shell, `tar`. */
const tools = ['base-files', 'bash', 'coreutils', 'dash', 'libc-bin', 'tar'];

const settings = [
  ...['--mode=root', '--variant=extract', '--format=tar'],
  ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=APT::Sandbox::User "root"'],
  ...['doc', 'man', 'locale', 'info'].map((name) => `--customize-hook=rm -rf "$1/usr/share/${name}"`),
];

/** The file that a tree of packages is. */
export const packageTreeOutput = (name: string): string => `packages-${name}.tar`;

/**
 * Debian packages with all they depend on, unpacked into `packages-<name>.tar`: what an application's image is taken out
 * of. Nothing is installed: no script of a package runs, and links that `update-alternatives` would make are not there.
 */
export function packageTreeRecipe(name: string, packages: readonly string[]): Recipe {
  const output = packageTreeOutput(name);
  return {
    name: `packages-${name}`,
    title: `Debian packages of ${name}`,
    seconds: 20,
    needs: [],
    outputs: [output],
    inputs: async () => ({ suite, packages, tools, settings }),
    async build({ folder, signal }) {
      const access = join(folder, 'apt.conf');
      await writeFile(access, await aptAccessSettings(), { mode: 0o600 });
      const args = [
        ...[...settings, `--aptopt=${access}`, `--include=${[...tools, ...packages].join(',')}`],
        ...[suite, join(folder, output), sourceLine(await debianMirror(), suite)],
      ];
      await runMmdebstrap(args, folder, 600, signal);
    },
  };
}
