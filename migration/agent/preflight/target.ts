import type { NodeFacts, TargetPreflight, TargetPreflightRequest } from '../../contract/agent-api.ts';
import { failed, failedIf, passed, type Verdict, warned } from '../../contract/verdict.ts';
import { mustRun } from '../command.ts';
import { checkCpu } from './cpu.ts';
import { takenAddress } from './kept-address.ts';
import { lookAll } from './look.ts';
import { availableMemory, criuCheck, nodeFacts } from './node-facts.ts';
import { room, storeRoom } from './room.ts';
import type { PreflightPlaces } from './source.ts';

const LIMIT_MS = 5000;

/** Compares this node with the one that a pod is to come from. */
export async function preflightTarget(
  { node, imagesDir, store, network }: PreflightPlaces,
  { source, memoryBytes, fileBytes, images, transport, address }: TargetPreflightRequest,
): Promise<TargetPreflight> {
  const here = await nodeFacts(node, imagesDir);
  const checks = await lookAll({
    TargetCriu: criuCheck,
    TargetAddress: () => takenAddress(address, network),
    CriuVersion: () => criuVersion(source, here),
    Architecture: () => architecture(source, here),
    Kernel: () => kernel(source, here),
    Cgroups: () => cgroups(source, here),
    Cpu: () => checkCpu(source.cpu, here.cpu, here.architecture),
    TargetMemory: () => memory(imagesDir, memoryBytes, here.memoryFree),
    TargetDisk: () => room('the disk of layers and volumes', fileBytes, here.diskFree),
    Images: () => presentImages(images),
    TargetStore: () => storeRoom(store, transport, 0),
  });
  return { facts: here, checks };
}

/** CRIU reads images of earlier versions; of later ones only as far as they happen to hold nothing new. */
export function criuVersion(source: NodeFacts, here: NodeFacts): Verdict {
  return failedIf(
    isOlder(here.criu, source.criu)
      ? `CRIU ${here.criu} here may not read what CRIU ${source.criu} writes`
      : undefined,
  );
}

export function architecture(source: NodeFacts, here: NodeFacts): Verdict {
  if (source.architecture === here.architecture) return passed();
  return failed(`processes of ${source.architecture} do not run on ${here.architecture}`);
}

export function kernel(source: NodeFacts, here: NodeFacts): Verdict {
  if (!isOlder(here.kernel, source.kernel)) return passed();
  return warned(
    `kernel ${here.kernel} here is older than ${source.kernel}: a feature that the pod uses may be missing`,
  );
}

export function cgroups(source: NodeFacts, here: NodeFacts): Verdict {
  if (source.cgroup === here.cgroup) return passed();
  return failed(`the pod lives in cgroups v${source.cgroup}, this node has v${here.cgroup}`);
}

/** Whether one version's first two numbers are below the other's. */
function isOlder(one: string, other: string): boolean {
  const [a, b] = [one, other].map((version) =>
    version.split(/[.-]/, 2).map((part) => Number.parseInt(part, 10) || 0),
  );
  const [major = 0, minor = 0] = a ?? [];
  const [otherMajor = 0, otherMinor = 0] = b ?? [];
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

/** The state in memory, and beside it, for a moment, the restored processes. */
async function memory(imagesDir: string, memoryBytes: number, free: number): Promise<Verdict> {
  const staged = room(imagesDir, memoryBytes, free);
  return staged.status === 'passed' ? room('the node', 2 * memoryBytes, await availableMemory()) : staged;
}

/** Images by the ids under which the kubelet reports them, looked up among the names that containerd knows. */
async function presentImages(images: readonly string[]): Promise<Verdict> {
  if (images.length === 0) return passed();
  const { stdout } = await mustRun('ctr', ['--namespace', 'k8s.io', 'images', 'list', '--quiet'], {
    timeoutMs: LIMIT_MS,
  });
  return missingImages(images, stdout);
}

export function missingImages(images: readonly string[], list: string): Verdict {
  const known = new Set(list.split('\n').map((line) => line.trim()));
  const missing = images.filter((image) => !known.has(image));
  return failedIf(
    missing.length > 0
      ? `not on this node, and pulled only while the pod would be frozen: ${missing.join(', ')}`
      : undefined,
  );
}
