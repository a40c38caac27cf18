import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import type { StaticFiles } from '../static-files.ts';

/** The dashboard, for everybody: its files hold no data, and what they ask the API for takes a token. */
export function dashboardRoutes(app: FastifyInstance, fileAt: StaticFiles): void {
  const common = { method: 'GET', config: { access: 'public' } } as const;
  const answer = (path: string) => {
    const file = fileAt(path);
    if (!file) throw new Refusal('not-found', `there is nothing at GET ${path}`);
    return file;
  };
  for (const url of ['/', '/:file'])
    app.route({
      ...common,
      url,
      schema: { hide: true, ...(url === '/' ? {} : { params: z.object({ file: z.string() }) }) },
      handler: async (request, reply) => {
        const { headers, body } = answer(request.url.split('?')[0] ?? '/');
        return reply.headers(headers).send(body);
      },
    });
}
