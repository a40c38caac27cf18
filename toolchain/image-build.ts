import { chmod, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { importHostImage } from './host-image.ts';
import { podman } from './podman.ts';
import type { Artefact, Job } from './recipe.ts';
import { run } from './run.ts';
import { subfolder } from './tar.ts';

/** What an image holds and how it starts. All images are made from nothing: only what is named here is inside. */
export interface ImageContent {
  /** Path in the image -> artefact put there. */
  artefacts: Readonly<Record<string, string>>;
  /** Path in the image -> file of this project put there. */
  files?: Readonly<Record<string, string>>;
  /** Files and folders of the host root file system, with the shared libraries that the programs among them need. */
  fromRoot?: readonly string[];
  /** Patterns of names left out of folders taken from the root file system. */
  without?: readonly string[];
  /** Links to a program that acts by the name it is called, such as busybox. */
  links?: Readonly<Record<string, string>>;
  entrypoint?: readonly string[];
  command?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** Numeric user and group; root when absent. */
  user?: string;
}

/** Marks images that podman holds for the toolchain, so that those of a build that was killed can be found. */
export const imageLabel = 'podferry.dev/toolchain';

const accounts = {
  passwd: [
    'root:x:0:0:root:/:/bin/sh',
    'podferry:x:65532:65532:podferry:/tmp:/bin/sh',
    'nobody:x:65534:65534::/:',
  ],
  group: ['root:x:0:', 'podferry:x:65532:', 'nogroup:x:65534:'],
};

/**
 * Builds one image and saves it as an OCI archive, `job.folder/<output>`, under the name `reference`. Podman keeps
 * neither the image nor anything else of the build.
 */
export async function buildImage(
  job: Job,
  content: ImageContent,
  output: string,
  reference: string,
): Promise<void> {
  const context = await subfolder(job.folder, 'context');
  const root = await subfolder(context, 'root');
  await makeSkeleton(root);
  for (const [path, name] of Object.entries(content.artefacts))
    await place(needed(job, name).file, root, path);
  for (const [path, file] of Object.entries(content.files ?? {})) await place(file, root, path);
  if (content.fromRoot) await copyFromHostRoot(job, content, root);
  for (const [path, target] of Object.entries(content.links ?? {})) await symlink(target, join(root, path));
  await writeFile(join(context, 'Containerfile'), containerfile(content));
  try {
    const fixed = ['--layers=false', '--timestamp=0', '--pull=never', '--quiet'];
    await podman(['build', ...fixed, '--tag', reference, context], {
      timeoutSeconds: 300,
      signal: job.signal,
    });
    const archive = join(job.folder, output);
    await podman(['save', '--quiet', '--format=oci-archive', '--output', archive, reference], {
      timeoutSeconds: 300,
    });
  } finally {
    await podman(['image', 'rm', '--force', '--ignore', reference]);
  }
  await rm(context, { recursive: true });
}

/** The build instructions for a file system that lies in `root/`. */
export function containerfile(content: ImageContent): string {
  const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', ...content.environment };
  const lines = ['FROM scratch', 'COPY root/ /', `LABEL ${imageLabel}="image"`];
  for (const [name, value] of Object.entries(environment)) lines.push(`ENV ${name}=${JSON.stringify(value)}`);
  if (content.user) lines.push(`USER ${content.user}`);
  if (content.entrypoint) lines.push(`ENTRYPOINT ${JSON.stringify(content.entrypoint)}`);
  if (content.command) lines.push(`CMD ${JSON.stringify(content.command)}`);
  return `${lines.join('\n')}\n`;
}

function needed(job: Job, name: string): Artefact {
  const artefact = job.given[name];
  if (!artefact) throw new Error(`The image needs ${name}, which its recipe does not ask for.`);
  return artefact;
}

/** Folders as Debian has them (programs and libraries under /usr), accounts and name lookup. */
async function makeSkeleton(root: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(join(root, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  for (const name of ['etc', 'tmp', 'run']) await mkdir(join(root, name));
  await chmod(join(root, 'tmp'), 0o1777);
  await writeFile(join(root, 'etc/passwd'), `${accounts.passwd.join('\n')}\n`);
  await writeFile(join(root, 'etc/group'), `${accounts.group.join('\n')}\n`);
  await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
}

async function place(file: string, root: string, path: string): Promise<void> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(file, target);
}

/** Copies files out of the host image, which podman mounts for the time of it. */
async function copyFromHostRoot(job: Job, content: ImageContent, root: string): Promise<void> {
  const host = await importHostImage(needed(job, 'host-root.tar'));
  const mounted = (await podman(['image', 'mount', host])).trim();
  try {
    const asked = content.fromRoot ?? [];
    const paths = [...asked, ...(await librariesOf(mounted, asked))].map((path) => path.replace(/^\//, ''));
    const archive = join(job.folder, 'from-root.tar');
    const left = (content.without ?? []).map((pattern) => `--exclude=${pattern}`);
    // Packed by the root's own tar from inside it: links are followed there and not into this machine.
    await run(
      'sh',
      [
        '-c',
        'root=$1; out=$2; shift 2; chroot "$root" tar -ch "$@" > "$out"',
        'sh',
        mounted,
        archive,
        ...left,
        ...paths,
      ],
      {
        timeoutSeconds: 60,
      },
    );
    await run('tar', ['-C', root, '--keep-directory-symlink', '-xf', archive], { timeoutSeconds: 60 });
    await rm(archive);
  } finally {
    await podman(['image', 'unmount', host]);
  }
}

async function librariesOf(mounted: string, paths: readonly string[]): Promise<string[]> {
  const script = 'for f; do [ -f "$f" ] && ldd "$f" 2>/dev/null; done; true';
  const listing = await run('chroot', [mounted, 'sh', '-c', script, 'sh', ...paths], { timeoutSeconds: 30 });
  return librariesAmong(listing);
}

/** The paths of libraries in the output of `ldd`. */
export function librariesAmong(listing: string): string[] {
  const paths = listing.split('\n').map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}
