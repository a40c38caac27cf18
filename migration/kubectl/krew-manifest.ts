/** What one plugin is, in the words of its manifest. */
export interface PluginAbout {
  /** As in `kubectl NAME`. */
  name: string;
  short: string;
  /** Without a leading v. */
  version: string;
  /** Where its archive can be fetched. */
  uri: string;
  /** Of the archive. */
  sha256: string;
}

/** The plugins, and what each says of itself. */
export const PLUGINS: Record<'migrate' | 'checkpoint' | 'restore', string> = {
  migrate: 'Move running pods between nodes',
  checkpoint: 'Save the state of a running pod',
  restore: 'Start pods from a saved state',
};

/** Goes along in every archive, as it asks for (section 4a). */
export const LICENCE = 'LICENSE';

/** A manifest for krew, kubectl's plugin manager (https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/). */
export function krewManifest({ name, short, version, uri, sha256 }: PluginAbout): object {
  const file = `kubectl-${name}`;
  const platform = (os: string) => ({
    selector: { matchLabels: { os } },
    uri,
    sha256,
    bin: file,
    files: [file, LICENCE].map((from) => ({ from, to: '.' })),
  });
  return {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name },
    spec: {
      version: `v${version}`,
      shortDescription: short,
      description: `${short}, on a cluster with podferry. It acts with your own credentials. Node.js 20 or newer has to be installed.`,
      caveats: `For shell completion link the plugin to kubectl_complete-${name}, in front of your PATH.`,
      platforms: ['linux', 'darwin'].map(platform),
    },
  };
}
