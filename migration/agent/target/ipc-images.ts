import { readdir, readFile, truncate } from 'node:fs/promises';
import path from 'node:path';
import { StepError } from '../failure.ts';
import { entriesOf } from './criu-image.ts';
import { fieldsOf, varint } from './protobuf.ts';

/** The images of System V memory, queues and semaphores begin with this many bytes of magic. https://criu.org/Images */
const HEADER = 8;

/** Fields of mm_entry and vma_entry, and a bit of the latter's status: CRIU's images/mm.proto, images/vma.proto, criu/include/image.h. */
const AREAS = 14;
const STATUS = 7;
const SYSTEM_V = 1 << 10;

/**
 * The containers of a pod share one IPC namespace, and CRIU writes all of it down with each of them: `prepare_ipc_ns` in
 * https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/ipc_ns.c. It can be made anew only once, and has to be by
 * the container whose processes have System V memory attached.
 *
 * @param imageDirs of the pod's containers, in the order in which they are restored
 * @returns the place in it of the container that makes the namespace anew
 * @throws StepError `restore` when several have memory attached
 */
export async function ipcOwner(imageDirs: readonly string[]): Promise<number> {
  const attached = await Promise.all(imageDirs.map(attachesSystemV));
  if (attached.filter(Boolean).length > 1)
    throw new StepError('restore', 'several containers of the pod have System V shared memory attached');
  return Math.max(0, attached.indexOf(true));
}

/** For a container that does not make the namespace anew. */
export async function emptyIpcImages(imageDir: string): Promise<void> {
  const images = await imagesOf(imageDir, /^ipcns-(shm|msg|sem)-\d+\.img$/);
  await Promise.all(images.map((file) => truncate(file, HEADER)));
}

async function attachesSystemV(imageDir: string): Promise<boolean> {
  const images = await imagesOf(imageDir, /^mm-\d+\.img$/);
  const found = await Promise.all(
    images.map(async (file) => entriesOf(await readFile(file)).some(hasSystemV)),
  );
  return found.includes(true);
}

function hasSystemV(memory: Buffer): boolean {
  const areas = fieldsOf(memory).filter(({ number }) => number === AREAS);
  return areas.some(({ value }) => {
    const status = fieldsOf(value).find(({ number }) => number === STATUS);
    return status !== undefined && (varint(status.value, 0)[0] & SYSTEM_V) !== 0;
  });
}

async function imagesOf(imageDir: string, name: RegExp): Promise<string[]> {
  return (await readdir(imageDir)).filter((file) => name.test(file)).map((file) => path.join(imageDir, file));
}
