import { type Check, error, type Problem, warning } from './check.ts';

/** Memory that three nodes, the platform and the samples need; an estimate with room to spare. */
const LAB_MIB = 2500;

/** Linking kubelet and engine side by side. */
const BUILD_MIB = 4000;

export const spaceChecks: readonly Check[] = [
  {
    name: 'memory',
    title: 'enough memory is free',
    hosts: 'podman',
    look: ({ memory, toBuild }) => {
      const free = `${memory.availableMiB} MiB of ${memory.totalMiB} MiB are free`;
      if (memory.availableMiB < LAB_MIB)
        return error(`${free}, the lab needs ${LAB_MIB} MiB`, 'Stop other programs or use a larger machine.');
      if (toBuild.length > 0 && memory.availableMiB < BUILD_MIB)
        return warning(
          `${free}, building wants ${BUILD_MIB} MiB`,
          'The build may be slow or be killed by the kernel.',
        );
      return undefined;
    },
  },
  {
    name: 'disk',
    title: 'enough disk is free for caches, images and containers',
    hosts: 'any',
    look: ({ disks }) => {
      const short = disks.filter((disk) => disk.availableGiB < disk.neededGiB);
      if (short.length === 0) return undefined;
      return error(
        short
          .map(
            (d) =>
              `${d.path} (${d.purpose}) has ${d.availableGiB.toFixed(1)} GiB free and needs ${d.neededGiB}`,
          )
          .join('; '),
        'Free some space, or point XDG_CACHE_HOME to a larger disk.',
      );
    },
  },
  {
    name: 'container-storage',
    title: 'the containers’ storage can carry overlayfs',
    hosts: 'podman',
    look: ({ disks }) => {
      const nested = disks.find((disk) => disk.purpose === 'containers' && disk.type === 'overlayfs');
      return nested === undefined ? undefined : nestedOverlay(nested.path);
    },
  },
];

function nestedOverlay(path: string): Problem {
  return error(
    `${path} lies on overlayfs itself, on which no overlay can be mounted`,
    'Mount a volume there (in a container: `-v some-volume:/var/lib/containers`).',
  );
}
