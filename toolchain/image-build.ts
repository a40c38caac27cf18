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
  /**
   * Files and folders of the host root file system, or of `tree`, with the shared libraries that the programs among them
   * need. A path may have `*` for what changes from version to version.
   */
  fromRoot?: readonly string[];
  /** The artefact that `fromRoot` is taken out of, instead of the host root file system. */
  tree?: string;
  /** What has to be made inside the tree before anything is taken out of it; needs a tree of its own. */
  made?: InTree;
  /** Empty folders that the program expects. */
  folders?: readonly string[];
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

/** A shell script that runs inside a tree, as root, with what it works on. */
export interface InTree {
  /** Path in the tree -> file of this project put there first. */
  files?: Readonly<Record<string, string>>;
  script: string;
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
  for (const path of content.folders ?? []) await mkdir(join(root, path), { recursive: true });
  if (content.fromRoot) await copyFromTree(job, content.fromRoot, content, root);
  // After what the tree brings, so that our settings replace those of a package.
  for (const [path, file] of Object.entries(content.files ?? {})) await place(file, root, path);
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

/** Copies files out of the tree they come from. */
async function copyFromTree(
  job: Job,
  asked: readonly string[],
  content: ImageContent,
  root: string,
): Promise<void> {
  const tree = await subfolder(job.folder, 'tree');
  await unpackTree(job, asked, content, tree);
  if (content.made) await makeInTree(tree, content.made, job);
  const found = await pathsIn(tree, asked);
  const paths = [...found, ...(await librariesOf(tree, found))].map((path) => path.replace(/^\//, ''));
  const left = (content.without ?? []).map((pattern) => `--exclude=${pattern}`);
  // Packed by the tree's own tar from inside it: links are followed there and not into this machine.
  const script =
    'tree=$1; root=$2; shift 2; chroot "$tree" tar -ch "$@" > "$tree.tar" && tar -C "$root" -xf "$tree.tar"';
  await run('sh', ['-c', script, 'sh', tree, root, ...left, ...paths], { timeoutSeconds: 120 });
  await rm(tree, { recursive: true });
  await rm(`${tree}.tar`);
}

/** Unpacks a tree of its own whole, and of the host root file system only what the copying takes. */
async function unpackTree(
  job: Job,
  asked: readonly string[],
  { tree }: ImageContent,
  into: string,
): Promise<void> {
  const further = asked.filter((path) => !toLookInside.some((folder) => path.startsWith(`${folder}/`)));
  const members = tree === undefined ? [...toLookInside, ...further].map((path) => `.${path}`) : [];
  const whole = needed(job, tree ?? 'host-root.tar').file;
  await run('tar', ['-C', into, '-xf', whole, ...members], { timeoutSeconds: 120, signal: job.signal });
}

async function makeInTree(tree: string, { files = {}, script }: InTree, { signal }: Job): Promise<void> {
  for (const [path, file] of Object.entries(files)) await place(file, tree, path);
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin' };
  // Some programs find their own libraries by way of /proc.
  const apart = ['--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${join(tree, 'proc')}`];
  const args = [...apart, 'chroot', tree, 'sh', '-euc', script];
  await run('unshare', args, { timeoutSeconds: 300, env, signal });
}

/** The paths that patterns stand for inside a tree. @throws Error naming one that stands for nothing */
async function pathsIn(tree: string, asked: readonly string[]): Promise<string[]> {
  const script = 'for f in $1; do [ -e "$f" ] && echo "$f"; done; true';
  const matched = asked.map(async (pattern) => {
    const args = [tree, 'sh', '-c', script, 'sh', pattern];
    const paths = (await run('chroot', args, { timeoutSeconds: 30 })).split('\n').filter(Boolean);
    if (paths.length === 0) throw new Error(`There is no ${pattern} where the image takes it from.`);
    return paths;
  });
  return (await Promise.all(matched)).flat();
}

async function librariesOf(tree: string, paths: readonly string[]): Promise<string[]> {
  const script = 'for f; do [ -f "$f" ] && ldd "$f"; done; true';
  const listing = await run('chroot', [tree, 'sh', '-c', script, 'sh', ...paths], { timeoutSeconds: 30 });
  return librariesAmong(listing);
}

/** The paths of libraries in the output of `ldd`. */
export function librariesAmong(listing: string): string[] {
  const paths = listing.split('\n').map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]);
  // Those that a program finds from where it lies itself come with it.
  return [...new Set(paths.filter((path) => path !== undefined && !path.includes('/../')))] as string[];
}
