import { access, mkdir, readFile, statfs } from 'node:fs/promises';
import { machine, release } from 'node:os';
import type { NodeFacts } from '../../contract/agent-api.ts';
import { failed, passed, type Verdict } from '../../contract/verdict.ts';
import { command, lastLine, mustRun } from '../command.ts';
import { dumpCpu } from './cpu.ts';

const LIMIT_MS = 5000;

/** Where containerd keeps writable layers, and the kubelet volumes. */
const DISK_PLACES = ['/var/lib/containerd', '/var/lib/kubelet'];

/** What this node offers. Throws when a program that a move needs is not there. */
export async function nodeFacts(node: string, imagesDir: string): Promise<NodeFacts> {
  const [criu, runc, cgroup, cpu, memoryFree, diskFree] = await Promise.all([
    versionOf('criu'),
    versionOf('runc'),
    cgroupVersion(),
    dumpCpu(),
    memoryRoom(imagesDir),
    diskRoom(),
  ]);
  return { node, kernel: release(), architecture: machine(), criu, runc, cgroup, cpu, memoryFree, diskFree };
}

/** The first version number that a program tells of itself. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await mustRun(program, ['--version'], { timeoutMs: LIMIT_MS });
  return /\d+(\.\d+)+\S*/.exec(stdout)?.[0] ?? lastLine(stdout);
}

/** A node has the unified hierarchy or not; see cgroups(7). */
async function cgroupVersion(): Promise<1 | 2> {
  const unified = await access('/sys/fs/cgroup/cgroup.controllers').then(
    () => true,
    () => false,
  );
  return unified ? 2 : 1;
}

/** Room for images: both the file system's and the machine's, as one may be larger than the other. */
async function memoryRoom(imagesDir: string): Promise<number> {
  // It is made by the first move, like here.
  await mkdir(imagesDir, { recursive: true, mode: 0o700 });
  const [free, available] = await Promise.all([freeBytes(imagesDir), availableMemory()]);
  return Math.min(free, available);
}

/** Bytes of memory that can be had without swapping (proc_meminfo(5)). */
export async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'latin1');
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

async function diskRoom(): Promise<number> {
  const rooms = await Promise.all(DISK_PLACES.map((place) => freeBytes(place)));
  return Math.min(...rooms);
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** Whether CRIU finds in this kernel what it needs (criu(8), `check`). */
export async function criuCheck(): Promise<Verdict> {
  const { code, stdout, stderr } = await command('criu', ['check'], { timeoutMs: LIMIT_MS });
  return code === 0
    ? passed()
    : failed(`criu check: ${lastLine(stderr) || lastLine(stdout) || `exit ${code}`}`);
}

const CAP_SYS_RESOURCE = 24n;

/** Whether this process may touch the limits of other users' processes (capabilities(7)). */
export async function hasSysResource(status = '/proc/self/status'): Promise<boolean> {
  const text = await readFile(status, 'latin1');
  const effective = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(text)?.[1] ?? '0'}`);
  return ((effective >> CAP_SYS_RESOURCE) & 1n) === 1n;
}
