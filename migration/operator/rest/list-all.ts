import { z } from 'zod';
import type { StreamScope } from '../../contract/rest-stream.ts';
import type { KubeClient } from '../../kube/client.ts';

const page = z.object({
  metadata: z.object({ continue: z.string().optional() }),
  items: z.array(z.unknown()).nullable(),
});

const PAGE_SIZE = 500;

/** Every object of a collection, page by page; one that cannot be read is left out, so that it does not hide the others. */
export async function listAll<T>(
  client: KubeClient,
  path: string,
  parse: (raw: unknown) => T,
  query: Record<string, string> = {},
): Promise<T[]> {
  const found: T[] = [];
  let next: string | undefined;
  do {
    const details = { query: { ...query, limit: PAGE_SIZE, continue: next } };
    const answer = page.parse(await client.request('GET', path, details));
    for (const raw of answer.items ?? []) {
      try {
        found.push(parse(raw));
      } catch (error) {
        if (!(error instanceof z.ZodError)) throw error;
      }
    }
    next = answer.metadata.continue || undefined;
  } while (next !== undefined);
  return found;
}

/** Objects of the namespaces of a scope: from one list of all, or from one list for each. */
export async function listScope<T>(
  client: KubeClient,
  pathOf: (namespace?: string) => string,
  parse: (raw: unknown) => T,
  scope: StreamScope,
): Promise<T[]> {
  if (scope === 'all') return listAll(client, pathOf(), parse);
  const lists = await Promise.all(scope.map((namespace) => listAll(client, pathOf(namespace), parse)));
  return lists.flat();
}
