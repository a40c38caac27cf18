import { get } from 'node:http';
import { text } from 'node:stream/consumers';

/** Some read a gigabyte, or repeat all their work, before they answer. */
const ANSWER_MS = 60_000;

/**
 * Asks a workload for its state by its Service, over a connection of its own: one that was kept may lead to a pod that is gone.
 * @param outside host and port, from this machine
 * @throws Error when there is no good answer in time
 */
export async function askWhole(outside: string, path: string): Promise<string> {
  const url = `http://${outside}${path}`;
  try {
    return await new Promise<string>((resolve, reject) => {
      const signal = AbortSignal.timeout(ANSWER_MS);
      get(url, { agent: false, signal }, (response) => {
        if (response.statusCode === 200) text(response).then(resolve, reject);
        else {
          response.resume();
          reject(new Error(`status ${response.statusCode}`));
        }
      }).on('error', reject);
    });
  } catch (cause) {
    throw new Error(`no good answer from ${url}`, { cause });
  }
}
