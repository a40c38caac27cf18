import { KubeConfig } from '@kubernetes/client-node';
import { kubeClient } from '../kube/client.ts';
import type { Connection } from '../kube/connection.ts';

/** The options by which kubectl, and so its plugins, are told which cluster and namespace is meant. */
export interface ConnectionOptions {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

/** Connects with the user's own credentials. Throws an Error that says what is missing in the kubeconfig. */
export function connect(options: ConnectionOptions): Connection {
  const config = loadConfig(options.kubeconfig);
  if (options.context !== undefined) {
    if (!config.getContextObject(options.context))
      throw new Error(`the kubeconfig has no context ${options.context}`);
    config.setCurrentContext(options.context);
  }
  const inContext = config.getContextObject(config.getCurrentContext())?.namespace;
  return { client: kubeClient(config), namespace: options.namespace ?? inContext ?? 'default' };
}

/** Names of the kubeconfig's contexts. */
export const contextNames = ({ kubeconfig }: ConnectionOptions): string[] =>
  loadConfig(kubeconfig)
    .getContexts()
    .map(({ name }) => name);

function loadConfig(file: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (cause) {
    throw new Error(`the kubeconfig ${file ?? process.env.KUBECONFIG ?? ''} cannot be read`, { cause });
  }
  return config;
}
