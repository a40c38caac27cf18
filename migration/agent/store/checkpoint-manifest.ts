import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type CheckpointManifest, checkpointManifest } from '../../contract/agent-api.ts';
import { belongsElsewhere } from '../../contract/checkpoint-owner.ts';
import { StepError } from '../failure.ts';
import { MANIFEST_FILE } from '../state-layout.ts';
import { stateFile } from './checkpoint-files.ts';
import { below, type StorePath, storePath } from './path.ts';
import type { Store } from './store.ts';

const LIMIT_MS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;

const anyVersion = z.looseObject({ version: z.unknown() });
const anyOwner = z.looseObject({ source: z.looseObject({ namespace: z.string() }) });

/** A manifest and the SHA-256 of the file that it was read from. */
export interface ReadManifest {
  manifest: CheckpointManifest;
  sha256: string;
}

/** The manifest of one pod's checkpoint. StepError `fetch` when there is none, or it cannot be used. */
export async function readManifest(store: Pick<Store, 'read'>, folder: string): Promise<ReadManifest> {
  const checked = storePath(folder);
  return usable(checked, async () => {
    const text = await readText(store, checked);
    const sha256 = createHash('sha256').update(text).digest('hex');
    return { manifest: parseManifest(text.toString('utf8')), sha256 };
  });
}

/** The same for a pod of this namespace. StepError `fetch` also when the checkpoint is another namespace's. */
export async function readOwnManifest(
  store: Pick<Store, 'read'>,
  folder: string,
  namespace: string,
): Promise<CheckpointManifest> {
  const { manifest } = await readManifest(store, folder);
  const objection = belongsElsewhere(manifest.source.namespace, namespace, folder);
  if (objection !== undefined) throw new StepError('fetch', objection);
  return manifest;
}

/**
 * The namespace of a checkpoint, also of one that cannot be restored any more; undefined when none stands there, or its manifest
 * does not say. StepError `fetch` when the manifest cannot be read.
 */
export async function ownerOf(
  store: Pick<Store, 'read' | 'stat'>,
  folder: StorePath,
): Promise<string | undefined> {
  if (!(await store.stat(below(folder, MANIFEST_FILE)))) return undefined;
  const text = await usable(folder, () => readText(store, folder));
  return anyOwner.safeParse(jsonOf(text.toString('utf8'))).data?.source.namespace;
}

async function readText(store: Pick<Store, 'read'>, folder: StorePath): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of store.read(below(folder, MANIFEST_FILE), LIMIT_MS)) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('it is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function usable<T>(folder: StorePath, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StepError('fetch', `no usable checkpoint at '/${folder}' on the store: ${why}`, { cause });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Throws an Error that names podferry.json and says what is wrong with it. */
export function parseManifest(text: string): CheckpointManifest {
  let manifest: CheckpointManifest;
  try {
    const json: unknown = JSON.parse(text);
    const version = anyVersion.safeParse(json).data?.version;
    if (version === 1)
      throw new Error('it is of version 1, of an earlier podferry: take the checkpoint once more');
    manifest = checkpointManifest.parse(json);
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? z.prettifyError(cause).replace(/\n\s*/g, ' ') : (cause as Error).message;
    throw new Error(`${MANIFEST_FILE} cannot be used: ${why}`, { cause });
  }
  const strange = manifest.files.find((file) => stateFile(file.path) === undefined);
  if (strange !== undefined)
    throw new Error(`${MANIFEST_FILE} cannot be used: '${strange.path}' is no file of a checkpoint`);
  return manifest;
}
