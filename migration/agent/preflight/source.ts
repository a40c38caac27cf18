import type { AddressChoice, SourcePreflight, SourcePreflightRequest } from '../../contract/agent-api.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import { tasksOf } from '../source/freezer.ts';
import { type FoundPod, findPod } from '../source/pod.ts';
import type { StoreFolders } from '../store/store.ts';
import { deletedNames, findRenamedAway } from './deleted-names.ts';
import { diskUsage } from './disk-usage.ts';
import { eventCounters, fileWatches, overlayDevices } from './file-watches.ts';
import { keptAddress } from './kept-address.ts';
import { lookAll } from './look.ts';
import { criuCheck, hasSysResource, nodeFacts } from './node-facts.ts';
import { podAddress, readBound } from './pod-address.ts';
import { ioUring, openFiles, rights, tracedProcesses } from './process-checks.ts';
import { readProcesses } from './processes.ts';
import { room, storeRoom } from './room.ts';
import { mptcp, readSockets, socketFamilies } from './sockets.ts';
import { attachesSystemV, systemVMemory } from './system-v.ts';

/** What the checks of this node work with. */
export interface PreflightPlaces {
  node: string;
  /** Where state is staged, in memory. */
  imagesDir: string;
  store: Pick<StoreFolders, 'freeBytes'>;
  network: Pick<PodNetwork, 'whyNoKeeping' | 'linkOf'>;
}

/** Images on the way through the store are packed once more before they go. */
const COPIES = { stream: 1, store: 2 } as const;

/** Looks at a running pod, and touches nothing. StepError `find` when its containers do not run here. */
export async function preflightSource(
  { node, imagesDir, store, network }: PreflightPlaces,
  { source, containers, transport, address }: SourcePreflightRequest,
): Promise<SourcePreflight> {
  const pod = await findPod(source, containers);
  const [facts, fileBytes] = await Promise.all([nodeFacts(node, imagesDir), diskUsage(directoriesOf(pod))]);
  const { memoryBytes } = pod;
  const checks = await lookAll({
    SourceCriu: criuCheck,
    ...processLooks(pod, address),
    Address: () => keptAddress(address, network, pod),
    SourceMemory: () => room(imagesDir, memoryBytes * COPIES[transport], facts.memoryFree),
    SourceStore: () => storeRoom(store, transport, memoryBytes + fileBytes),
  });
  return { facts, checks, memoryBytes, fileBytes };
}

/** The looks at what the pod's processes have open. All of them look at the same moment's processes. */
function processLooks({ containers }: FoundPod, address: AddressChoice) {
  const tasks = containers.flatMap(({ cgroup }) => tasksOf(cgroup.path));
  const found = readProcesses(tasks);
  const sockets = found.then(readSockets);
  // Who looks at them is told; without a look, a failure is nobody's.
  for (const reading of [found, sockets]) reading.catch(() => undefined);
  const pid = containers[0]?.initPid ?? 0;
  return {
    Rights: async () => rights(await found, await hasSysResource()),
    TracedProcesses: async () => tracedProcesses(await found),
    IoUring: async () => ioUring(await found),
    OpenFiles: async () => openFiles(await found),
    FileWatches: async () => fileWatches(await found, await overlaysOf(containers)),
    DeletedNames: async () => deletedNames(await findRenamedAway(tasks)),
    SystemVMemory: async () => systemVMemory(await attachers(containers)),
    EventCounters: async () => eventCounters(await found),
    Mptcp: async () => mptcp(await sockets),
    Sockets: async () => socketFamilies(await sockets),
    PodAddress: async () => podAddress(await readBound(pid), address),
  };
}

/** Names of the containers that have System V memory attached. */
async function attachers(containers: FoundPod['containers']): Promise<string[]> {
  const each = await Promise.all(containers.map(({ cgroup }) => attachesSystemV(tasksOf(cgroup.path))));
  return containers.filter((_, place) => each[place]).map(({ name }) => name);
}

async function overlaysOf(containers: FoundPod['containers']): Promise<Set<string>> {
  const each = await Promise.all(containers.map(({ initPid }) => overlayDevices(initPid)));
  return new Set(each.flatMap((devices) => [...devices]));
}

const directoriesOf = ({ containers, volumes, shmDir }: FoundPod): string[] => [
  ...containers.map(({ upper }) => upper),
  ...volumes.map(({ directory }) => directory),
  ...(shmDir === undefined ? [] : [shmDir]),
];
