import type { FastifyInstance } from 'fastify';
import { docsPage, PAGE_POLICY } from '../docs-page.ts';

/** The OpenAPI document and its page, for everybody: they say what can be asked, not what there is. */
export function documentRoutes(app: FastifyInstance): void {
  const common = { method: 'GET', schema: { hide: true }, config: { access: 'public' } } as const;
  app.route({ ...common, url: '/openapi.json', handler: async () => app.swagger() });
  app.route({
    ...common,
    url: '/docs',
    handler: async (_, reply) =>
      reply
        .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY })
        .send(docsPage(app.swagger())),
  });
}
