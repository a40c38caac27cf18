import { chmod, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
const imageLabel = 'podferry.dev/toolchain';

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
  if (content.fromRoot) await copyFromHostRoot(job, content.fromRoot, content, root);
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

/** Programs (one is often a link to another), their settings, and all libraries that `ldd` may name. */
const toLookInside = [
  ...['/bin', '/sbin', '/lib', '/lib64', '/etc'],
  ...['/usr/bin', '/usr/sbin', '/usr/lib64', '/usr/lib/x86_64-linux-gnu'],
];

/** Copies files out of the host root file system, of which only what that takes is unpacked. */
async function copyFromHostRoot(
  job: Job,
  asked: readonly string[],
  content: ImageContent,
  root: string,
): Promise<void> {
  const host = await subfolder(job.folder, 'host-root');
  const further = asked.filter((path) => !toLookInside.some((folder) => path.startsWith(`${folder}/`)));
  const members = [...toLookInside, ...further].map((path) => `.${path}`);
  const whole = needed(job, 'host-root.tar').file;
  await run('tar', ['-C', host, '-xf', whole, ...members], { timeoutSeconds: 120, signal: job.signal });
  const paths = [...asked, ...(await librariesOf(host, asked))].map((path) => path.replace(/^\//, ''));
  const left = (content.without ?? []).map((pattern) => `--exclude=${pattern}`);
  // Packed by the root's own tar from inside it: links are followed there and not into this machine.
  const script =
    'host=$1; root=$2; shift 2; chroot "$host" tar -ch "$@" > "$host.tar" && tar -C "$root" -xf "$host.tar"';
  await run('sh', ['-c', script, 'sh', host, root, ...left, ...paths], { timeoutSeconds: 120 });
  await rm(host, { recursive: true });
  await rm(`${host}.tar`);
}

async function librariesOf(host: string, paths: readonly string[]): Promise<string[]> {
  const script = 'for f; do [ -f "$f" ] && ldd "$f"; done; true';
  const listing = await run('chroot', [host, 'sh', '-c', script, 'sh', ...paths], { timeoutSeconds: 30 });
  return librariesAmong(listing);
}

/** The paths of libraries in the output of `ldd`. */
export function librariesAmong(listing: string): string[] {
  const paths = listing.split('\n').map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}
