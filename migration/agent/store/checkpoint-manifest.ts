import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type CheckpointManifest, checkpointManifest } from '../../contract/agent-api.ts';
import { StepError } from '../failure.ts';
import { MANIFEST_FILE } from '../state-layout.ts';
import { stateFile } from './checkpoint-files.ts';
import { below, storePath } from './path.ts';
import type { Store } from './store.ts';

const LIMIT_MS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;

const anyVersion = z.looseObject({ version: z.unknown() });

/** A manifest and the SHA-256 of the file that it was read from. */
export interface ReadManifest {
  manifest: CheckpointManifest;
  sha256: string;
}

/** The manifest of one pod's checkpoint. StepError `fetch` when there is none, or it cannot be used. */
export async function readManifest(store: Pick<Store, 'read'>, folder: string): Promise<ReadManifest> {
  const file = below(storePath(folder), MANIFEST_FILE);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of store.read(file, LIMIT_MS)) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw new Error('it is too large');
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks);
    const sha256 = createHash('sha256').update(text).digest('hex');
    return { manifest: parseManifest(text.toString('utf8')), sha256 };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StepError('fetch', `no usable checkpoint at '/${folder}' on the store: ${why}`, { cause });
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
