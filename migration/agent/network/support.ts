import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Where containerd looks for the pod network's configuration, and takes the first by name. */
const CNI_DIR = '/etc/cni/net.d';
const CONFIGURATION = /\.(conflist|conf|json)$/;

const configuration = z.looseObject({
  type: z.string().optional(),
  plugins: z
    .array(z.looseObject({ type: z.string(), capabilities: z.record(z.string(), z.boolean()).default({}) }))
    .default([]),
});

/** Made by podferry-addresses. */
const DEVICES = ['pf-entry0', 'pf-entry1', 'pf-queue0', 'pf-queue1'];

/**
 * Why the network of this node cannot let a pod keep its address; undefined when it can. What it takes is our CNI plugin with the
 * pods' annotations, and the devices of podferry-addresses.
 */
export async function whyNoKeeping(
  cniDir = CNI_DIR,
  sysClassNet = '/sys/class/net',
): Promise<string | undefined> {
  const [first] = (await readdir(cniDir)).filter((name) => CONFIGURATION.test(name)).sort();
  if (first === undefined) return `there is no pod network: ${cniDir} is empty`;
  const { type, plugins } = configuration.parse(JSON.parse(await readFile(path.join(cniDir, first), 'utf8')));
  const ours = plugins[0]?.type === 'podferry' ? plugins[0] : undefined;
  const names = plugins.map((plugin) => plugin.type).join(', ') || type;
  if (ours === undefined) return `the pod network (${names}) keeps addresses on their nodes`;
  if (ours.capabilities['io.kubernetes.cri.pod-annotations'] !== true)
    return 'the CNI plugin podferry is not told the annotations of pods';
  const devices = new Set(await readdir(sysClassNet));
  const missing = DEVICES.filter((name) => !devices.has(name));
  return missing.length > 0 ? `${missing.join(', ')} of podferry-addresses is not there` : undefined;
}
