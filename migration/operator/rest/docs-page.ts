import { createHash } from 'node:crypto';
import { z } from 'zod';

/** What the page shows of an OpenAPI 3.1 document. */
const schemaPart = z.record(z.string(), z.unknown());
const media = z.record(z.string(), z.object({ schema: schemaPart.optional() }));
const operation = z.object({
  tags: z.array(z.string()).default([]),
  summary: z.string().default(''),
  description: z.string().default(''),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        description: z.string().default(''),
      }),
    )
    .default([]),
  requestBody: z.object({ content: media }).optional(),
  responses: z.record(z.string(), z.object({ content: media.optional() })),
});
const openApi = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string().default('') }),
  tags: z.array(z.object({ name: z.string(), description: z.string().default('') })).default([]),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schemaPart).default({}) }),
});

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid; }
section section { margin: 1.5rem 0; }
h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
h3 code { font-size: 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; padding: 0.2rem 1rem 0.2rem 0; vertical-align: top; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid; border-radius: 0.25rem; font-size: 0.85rem; }
`;

/** The page has a style of its own and nothing else: no script, no picture, nothing from anywhere. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** An OpenAPI document as a page of HTML to read. */
export function docsPage(document: unknown): string {
  const { info, tags, paths, components } = openApi.parse(document);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => ({ path, method: method.toUpperCase(), about })),
  );
  const chapters = tags.map(({ name, description }) => {
    const own = operations.filter(({ about }) => about.tags.includes(name));
    return `<section><h2 id="${asText(name)}">${asText(name)}</h2><p>${asText(description)}</p>${own.map(operationHtml).join('')}</section>`;
  });
  const types = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="type-${asText(name)}"><summary><code>${asText(name)}</code></summary>${json(schema)}</details>`,
  );
  const links = [...tags.map(({ name }) => name), 'types'].map(
    (name) => `<a href="#${asText(name)}">${asText(name)}</a>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${asText(info.title)} API</title><style>${style}</style></head><body>
<header><h1>${asText(info.title)} API ${asText(info.version)}</h1>
${info.description
  .split('\n\n')
  .map((text) => `<p>${withCode(text)}</p>`)
  .join('')}
<nav aria-label="Chapters">${links.join(' · ')} · <a href="openapi.json">openapi.json</a></nav></header>
<main>${chapters.join('')}<section><h2 id="types">types</h2>${types.join('')}</section></main>
</body></html>`;
}

interface Operation {
  path: string;
  method: string;
  about: z.infer<typeof operation>;
}

function operationHtml({ path, method, about }: Operation): string {
  const rows = about.parameters.map(
    ({ name, in: place, required, description }) =>
      `<tr><th scope="row"><code>${asText(name)}</code></th><td>${asText(place)}${required ? ', required' : ''}</td><td>${asText(description)}</td></tr>`,
  );
  const contents = [
    ...bodiesOf('body', about.requestBody?.content),
    ...Object.entries(about.responses).flatMap(([status, { content }]) => bodiesOf(status, content)),
  ];
  return `<section><h3><code>${method} ${asText(path)}</code></h3><p>${asText(about.summary)}</p>
${about.description && `<p>${asText(about.description)}</p>`}
${rows.length === 0 ? '' : `<table><tbody>${rows.join('')}</tbody></table>`}${contents.join('')}</section>`;
}

function bodiesOf(title: string, content: z.infer<typeof media> | undefined): string[] {
  return Object.entries(content ?? {}).map(
    ([type, { schema }]) =>
      `<details><summary>${asText(title)} <code>${asText(type)}</code></summary>${json(schema ?? {})}</details>`,
  );
}

/** A schema; where it refers to a named type there is a link. */
const json = (schema: unknown): string =>
  `<pre tabindex="0"><code>${asText(JSON.stringify(schema, null, 2)).replace(
    /#\/components\/schemas\/(\w+)/g,
    '<a href="#type-$1">$1</a>',
  )}</code></pre>`;

const withCode = (text: string): string => asText(text).replace(/`([^`]+)`/g, '<code>$1</code>');

const asText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
