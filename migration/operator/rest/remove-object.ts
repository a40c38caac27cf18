import { z } from 'zod';
import type { KubeClient } from '../../kube/client.ts';
import { Refusal } from './refusal.ts';

const withUid = z.object({ metadata: z.object({ uid: z.string() }) });
const kindOnly = z.object({ kind: z.string().optional() });

/**
 * Deletes one object, and answers with what it is now: going, as long as something is left to do; or as it was last.
 *
 * @param uid only if it is still this one; another object of its name is left alone
 */
export async function removeObject<T>(
  client: KubeClient,
  path: string,
  view: (raw: unknown) => T,
  uid: string | undefined,
): Promise<T> {
  const last = await client.request('GET', path);
  const found = withUid.parse(last).metadata.uid;
  if (uid !== undefined && uid !== found)
    throw new Refusal('conflict', `there is another object of this name now, with the uid ${found}`);
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: found } };
  const answer = await client.request('DELETE', path, { body });
  // Of an object that is gone at once the API server answers no more than a Status.
  return view(kindOnly.parse(answer).kind === 'Status' ? last : answer);
}
