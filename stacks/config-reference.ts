import { z } from 'zod';
import { stackConfig } from './config.ts';

/** One property of a JSON schema, as far as this reference reads it. */
const property = z.object({
  description: z.string().optional(),
  default: z.unknown().optional(),
  properties: z.record(z.string(), z.looseObject({ description: z.string().optional() })).optional(),
  anyOf: z.array(z.looseObject({ items: z.unknown().optional() })).optional(),
});

/** The configuration reference of the README: one Markdown table row a setting, made from the schema alone. */
export function configReference(): string {
  const schema = z.toJSONSchema(stackConfig, { io: 'input' });
  const rows = Object.entries(schema.properties ?? {}).map(([name, raw]) => {
    const { description = '', default: fallback, properties } = property.parse(raw);
    const fields = properties === undefined ? '' : ` {${Object.keys(properties).join(', ')}}`;
    return `| \`podferry:${name}\` | ${fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``} | ${description}${fields} |`;
  });
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** The fields of one host in a list of own hosts. */
export function hostReference(): string {
  const schema = z.toJSONSchema(stackConfig.shape.hosts, { io: 'input' });
  const list = property.parse(schema).anyOf?.find((branch) => branch.items !== undefined);
  const { properties = {} } = property.parse(list?.items);
  const rows = Object.entries(properties).map(([name, raw]) => {
    const { description = '', default: fallback } = property.parse(raw);
    return `| \`${name}\` | ${fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``} | ${description} |`;
  });
  return ['| field | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
