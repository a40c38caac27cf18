import { expect, it } from 'vitest';
import { z } from 'zod';
import { krewManifest, PLUGINS } from './krew-manifest.ts';

/** What krew asks of a manifest, by its own validation: names, a semantic version, and for each platform an archive with its hash. */
const plugin = z.strictObject({
  apiVersion: z.literal('krew.googlecontainertools.github.com/v1alpha2'),
  kind: z.literal('Plugin'),
  metadata: z.strictObject({ name: z.string().regex(/^[\w-]+$/) }),
  spec: z.strictObject({
    version: z.string().regex(/^v\d+\.\d+\.\d+$/),
    shortDescription: z.string().min(1).max(50),
    description: z.string().min(1),
    caveats: z.string(),
    platforms: z
      .array(
        z.strictObject({
          selector: z.strictObject({
            matchLabels: z.strictObject({ os: z.enum(['linux', 'darwin', 'windows']) }),
          }),
          uri: z.url(),
          sha256: z.string().regex(/^[0-9a-f]{64}$/),
          bin: z.string().min(1),
          files: z.array(z.strictObject({ from: z.string().min(1), to: z.string().min(1) })).min(1),
        }),
      )
      .min(1),
  }),
});

it.each(Object.entries(PLUGINS))('the manifest of kubectl %s is one that krew takes', (name, short) => {
  const about = {
    name,
    short,
    version: '0.1.0',
    uri: `file:///tmp/kubectl-${name}.tar.gz`,
    sha256: 'a'.repeat(64),
  };
  const { platforms } = plugin.parse(krewManifest(about)).spec;
  for (const { bin, files } of platforms) expect(files.map(({ from }) => from)).toEqual([bin, 'LICENSE']);
});
