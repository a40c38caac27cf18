import { compareVersions } from '../engine/choice.ts';
import { type Check, error, warning } from './check.ts';

/** Systems this is tried on; others may work. */
const TRIED_SYSTEMS: Record<string, readonly string[]> = { debian: ['12', '13'], ubuntu: ['22.04', '24.04'] };

/** Oldest Go that the pinned modules build with (`go` directives in toolchain/go). */
export const OLDEST_GO = '1.26.0';

export const machineChecks: readonly Check[] = [
  {
    name: 'root',
    title: 'podferry runs as root',
    hosts: 'podman',
    look: ({ uid }) =>
      uid === 0
        ? undefined
        : error(
            `this is user ${uid}, but hosts on this machine need root (privileged containers, sysctls)`,
            'Run the command as root, for example with `sudo -E`, or use `hosts` of your own over SSH.',
          ),
  },
  {
    name: 'architecture',
    title: 'the processor is an x86-64',
    hosts: 'any',
    look: ({ arch }) =>
      arch === 'x64'
        ? undefined
        : error(`this machine is ${arch}`, 'The pinned Debian packages are for amd64: use such a machine.'),
  },
  {
    name: 'os',
    title: 'the operating system is one of those tried',
    hosts: 'any',
    look: ({ os }) =>
      TRIED_SYSTEMS[os.id]?.includes(os.version)
        ? undefined
        : warning(
            `${os.name} has not been tried`,
            'Debian 12 and 13 and Ubuntu 22.04 and 24.04 are known to work; missing packages are installed with apt.',
          ),
  },
  {
    name: 'node',
    title: 'Node.js is 20 or newer',
    hosts: 'any',
    look: ({ nodeVersion }) =>
      compareVersions(nodeVersion, '20.0.0') >= 0
        ? undefined
        : error(`Node.js is ${nodeVersion}`, 'Install Node.js 20 or newer.'),
  },
  {
    name: 'go',
    title: 'Go is there if something has to be built',
    hosts: 'any',
    look: ({ goVersion, toBuild }) => {
      if (toBuild.length === 0) return undefined;
      const advice = `Install Go ${OLDEST_GO} or newer and put \`go\` on PATH. To be built: ${toBuild.join(', ')}.`;
      if (goVersion === undefined) return error('Go is missing', advice);
      if (compareVersions(goVersion, OLDEST_GO) < 0) return error(`Go is ${goVersion}`, advice);
      return undefined;
    },
  },
  {
    name: 'packages',
    title: 'apt knows every package that is missing',
    hosts: 'any',
    look: ({ unknownPackages }) =>
      unknownPackages.length === 0
        ? undefined
        : error(
            `apt has no source for ${unknownPackages.join(', ')}`,
            'Run `apt-get update`, look at /etc/apt/sources.list.d, or install them another way.',
          ),
  },
];
