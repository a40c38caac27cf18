import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { podmanSubnets } from '../../stacks/lab-plan.ts';
import { debianMirror } from '../../toolchain/debian.ts';
import { fromDebian, missingPackages, type Need, unknownToApt } from '../packages.ts';
import { cacheDir, stateDir } from '../paths.ts';
import { capture, findProgram } from '../programs.ts';
import type { StackSettings } from '../stack-settings.ts';
import type { DiskFacts, MachineFacts, NetworkFacts } from './facts.ts';
import { readKernelFacts } from './read-kernel.ts';
import { podmanLines, readKnownStacks, readStacksOnMachine } from './read-stacks.ts';

/** Seconds for any one question to this machine. */
const ASK_SECONDS = 20;

/** Gathers everything the checks judge. Changes nothing. */
export async function readMachineFacts(
  stack: string,
  settings: StackSettings,
  toBuild: readonly string[],
  testing: boolean,
): Promise<MachineFacts> {
  const hosts = settings.config.hosts === 'podman' ? 'podman' : 'ssh';
  const need: Need = { podmanHosts: hosts === 'podman', toBuild, testing };
  const missing = missingPackages(need);
  const [kernel, goVersion, unknownPackages, disks, network, mirror, stacksOnMachine] = await Promise.all([
    readKernelFacts(),
    readGoVersion(),
    unknownToApt(missing),
    readDisks(need),
    readNetwork(stack, settings),
    fromDebian(need) ? readMirror() : undefined,
    readStacksOnMachine(),
  ]);
  return {
    hosts,
    stack,
    uid: process.getuid?.() ?? -1,
    arch: process.arch,
    os: parseOsRelease(readFileSync('/etc/os-release', 'utf8')),
    nodeVersion: process.versions.node,
    goVersion,
    toBuild,
    missingPackages: missing,
    unknownPackages,
    kernel,
    memory: parseMemory(readFileSync('/proc/meminfo', 'utf8')),
    disks,
    network,
    mirror,
    stacksOnMachine,
    knownStacks: readKnownStacks(),
  };
}

/** @param text of /etc/os-release (os-release(5)) */
export function parseOsRelease(text: string): MachineFacts['os'] {
  const field = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]?.replace(/^["']|["']$/g, '') ?? '';
  return { id: field('ID'), version: field('VERSION_ID'), name: field('PRETTY_NAME') || 'this system' };
}

/** @param text of /proc/meminfo */
export function parseMemory(text: string): MachineFacts['memory'] {
  const mebibytes = (name: string): number =>
    Math.floor(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024);
  return { totalMiB: mebibytes('MemTotal'), availableMiB: mebibytes('MemAvailable') };
}

async function readGoVersion(): Promise<string | undefined> {
  if (findProgram('go') === undefined) return undefined;
  // From the root folder, so that no go.mod makes it fetch another toolchain.
  const { code, stdout } = await capture('go', ['env', 'GOVERSION'], {
    timeoutSeconds: ASK_SECONDS,
    cwd: '/',
  });
  return code === 0 ? stdout.trim().replace(/^go/, '') : undefined;
}

/** Space for the first build and for one lab, in GiB; an estimate with room to spare. */
const BUILD_GIB = 12;
const LAB_GIB = 3;

async function readDisks(need: Need): Promise<DiskFacts[]> {
  const wanted = [
    { purpose: 'caches', path: cacheDir(), neededGiB: need.toBuild.length > 0 ? BUILD_GIB : 0 },
    { purpose: 'state', path: stateDir, neededGiB: 0.2 },
    ...(need.podmanHosts
      ? [{ purpose: 'containers', path: '/var/lib/containers/storage', neededGiB: LAB_GIB }]
      : []),
  ];
  return Promise.all(
    wanted.map(async (disk) => {
      const { stdout } = await capture('stat', ['-f', '-c', '%T %a %S', existing(disk.path)], {
        timeoutSeconds: ASK_SECONDS,
      });
      const [type = '', blocks = '0', size = '0'] = stdout.trim().split(' ');
      return { ...disk, type, availableGiB: (Number(blocks) * Number(size)) / 2 ** 30 };
    }),
  );
}

/** The folder itself or the nearest one above it that exists. */
function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path));
}

const routesSchema = z.array(z.looseObject({ dst: z.string(), dev: z.string().optional() }));

async function readNetwork(stack: string, { config }: StackSettings): Promise<NetworkFacts> {
  const hasIPv6 = isIPv6On();
  if (config.hosts !== 'podman') return { subnets: [], hasIPv6, routes: [] };
  const [own, all] = await Promise.all([networkDevices(stack), readRoutes()]);
  const routes = all.filter((route) => !own.includes(route.device));
  return { subnets: podmanSubnets(config), hasIPv6, routes };
}

/** A kernel that was started with ipv6.disable=1 is without these settings. */
function isIPv6On(): boolean {
  const setting = '/proc/sys/net/ipv6/conf/all/disable_ipv6';
  return existsSync(setting) && readFileSync(setting, 'utf8').trim() === '0';
}

/** Networks that this machine reaches other than by default. */
export async function readRoutes(): Promise<NetworkFacts['routes']> {
  if (findProgram('ip', adminPath()) === undefined) return [];
  const families = await Promise.all(
    ['-4', '-6'].map((family) =>
      capture('ip', ['-j', family, 'route', 'show', 'table', 'all'], {
        timeoutSeconds: ASK_SECONDS,
        env: { ...process.env, PATH: adminPath() },
      }),
    ),
  );
  return families
    .flatMap(({ stdout }) => routesSchema.parse(JSON.parse(stdout || '[]')))
    .filter((route) => route.dst !== 'default')
    .map((route) => ({ destination: route.dst, device: route.dev ?? '' }));
}

function adminPath(): string {
  return `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
}

const networksSchema = z.array(z.looseObject({ network_interface: z.string().optional() }));

/** Bridges of the stack's own podman networks: they are no obstacle. */
async function networkDevices(stack: string): Promise<string[]> {
  const names = await podmanLines(['network', 'ls', '-q', '--filter', `label=podferry.stack=${stack}`]);
  if (names.length === 0) return [];
  const { stdout } = await capture('podman', ['network', 'inspect', ...names], {
    timeoutSeconds: ASK_SECONDS,
  });
  return networksSchema
    .parse(JSON.parse(stdout || '[]'))
    .flatMap((network) => network.network_interface ?? []);
}

async function readMirror(): Promise<MachineFacts['mirror']> {
  try {
    const url = await debianMirror();
    return { url, problem: await mirrorProblem(url) };
  } catch (error) {
    return { url: undefined, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** apt may go through a proxy or a helper of its own; only plain answers are judged here. */
async function mirrorProblem(url: string): Promise<string | undefined> {
  if (!url.startsWith('http')) return undefined;
  const { code, stderr } = await capture(
    '/usr/lib/apt/apt-helper',
    [
      '-o',
      'Acquire::http::Timeout=10',
      '-o',
      'Acquire::Retries=1',
      'download-file',
      `${url}dists/stable/Release`,
      '/dev/null',
    ],
    { timeoutSeconds: ASK_SECONDS },
  );
  return code === 0 ? undefined : stderr.trim().split('\n').at(-1);
}
