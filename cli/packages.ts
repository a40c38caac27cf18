import { existsSync } from 'node:fs';
import { BROWSER_PROGRAMS } from '../migration/smoke/browser-programs.ts';
import { Failure } from './failure.ts';
import type { Journal } from './journal.ts';
import { capture, findProgram, lastLines } from './programs.ts';

/** What a command is about to do; decides which Debian packages of this machine it needs. */
export interface Need {
  /** This machine carries the hosts. */
  podmanHosts: boolean;
  /** Names of what has to be built. */
  toBuild: readonly string[];
  /** The project's own tests are run: shell scripts are checked, the dashboard is used in a browser. */
  testing: boolean;
}

interface Requirement {
  package: string;
  /** Programs on PATH or absolute files; one that is present means that nothing has to be installed, whoever brought it. */
  proof: string | readonly string[];
  when(need: Need): boolean;
}

const requirements: readonly Requirement[] = [
  { package: 'ca-certificates', proof: '/etc/ssl/certs/ca-certificates.crt', when: fromDebian },
  { package: 'mmdebstrap', proof: 'mmdebstrap', when: fromDebian },
  {
    package: 'debian-archive-keyring',
    proof: '/usr/share/keyrings/debian-archive-keyring.gpg',
    when: fromDebian,
  },
  { package: 'podman', proof: 'podman', when: withPodman },
  { package: 'runc', proof: 'runc', when: withPodman },
  { package: 'openssh-client', proof: 'ssh', when: () => true },
  { package: 'iproute2', proof: 'ip', when: (need) => need.podmanHosts },
  { package: 'procps', proof: 'sysctl', when: (need) => need.podmanHosts },
  { package: 'chromium', proof: BROWSER_PROGRAMS, when: (need) => need.testing },
  { package: 'shellcheck', proof: 'shellcheck', when: (need) => need.testing },
];

/** The hosts' packages and root file system are what is fetched from a Debian archive. */
export function fromDebian({ toBuild }: Pick<Need, 'toBuild'>): boolean {
  return toBuild.some((name) => name.startsWith('host-'));
}

/** Images are built with podman, wherever the hosts are. */
function withPodman({ podmanHosts, toBuild }: Need): boolean {
  return podmanHosts || toBuild.some((name) => name.startsWith('image-'));
}

/** Folders of administrators' programs; the PATH of a plain user lacks them. */
const ADMIN_PATH = '/usr/local/sbin:/usr/sbin:/sbin';

/** Names of the Debian packages that have to be installed on this machine. */
export function missingPackages(need: Need, present: (proof: string) => boolean = isPresent): string[] {
  return requirements
    .filter((requirement) => requirement.when(need) && ![requirement.proof].flat().some(present))
    .map((requirement) => requirement.package);
}

function isPresent(proof: string): boolean {
  if (proof.startsWith('/')) return existsSync(proof);
  return findProgram(proof, `${process.env.PATH ?? ''}:${ADMIN_PATH}`) !== undefined;
}

/** Of these packages, the ones that apt has no candidate for. An empty index counts as unknown. */
export async function unknownToApt(packages: readonly string[]): Promise<string[]> {
  if (packages.length === 0) return [];
  if (findProgram('apt-get') === undefined) return [...packages];
  const { stdout } = await capture('apt-cache', ['policy', ...packages], { timeoutSeconds: 30, env: aptEnv });
  return packages.filter((name) => !hasCandidate(stdout, name));
}

/** Whether `apt-cache policy` knows a version of the package to install. */
export function hasCandidate(policy: string, name: string): boolean {
  const section = policy.split(/^(?=\S)/m).find((text) => text.startsWith(`${name}:`));
  const candidate = /Candidate: (.+)/.exec(section ?? '')?.[1];
  return candidate !== undefined && candidate !== '(none)';
}

const aptEnv: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };

/**
 * Installs Debian packages, nothing recommended besides; other packages' services are not restarted.
 * @throws Failure with apt's last words
 */
export async function installPackages(packages: readonly string[], journal: Journal): Promise<void> {
  if (packages.length === 0) return;
  const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
  const env = { ...aptEnv, NEEDRESTART_SUSPEND: '1' };
  const update = await capture('apt-get', ['update', ...options], { timeoutSeconds: 300, env, journal });
  const install = await capture('apt-get', ['install', '--no-install-recommends', ...options, ...packages], {
    timeoutSeconds: 900,
    env,
    journal,
  });
  if (install.code === 0) return;
  const words = lastLines(`${update.code === 0 ? '' : update.stderr}${install.stderr || install.stdout}`, 8);
  throw new Failure(`apt-get could not install ${packages.join(', ')}\n${words}`, {
    advice: 'Install these packages by hand, then run the command again.',
  });
}
