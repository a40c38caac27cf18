import { KubeConfig } from '@kubernetes/client-node';
import { type KubeClient, kubeClient } from '../kube/client.ts';

/** The options by which kubectl, and so its plugins, are told which cluster and namespace is meant. */
export interface ConnectionOptions {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

export interface Connection {
  client: KubeClient;
  namespace: string;
}

/** Connects with the user's own credentials. Throws an Error that says what is missing in the kubeconfig. */
export function connect(options: ConnectionOptions): Connection {
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  if (options.context !== undefined) {
    if (!config.getContextObject(options.context))
      throw new Error(`the kubeconfig has no context ${options.context}`);
    config.setCurrentContext(options.context);
  }
  const inContext = config.getContextObject(config.getCurrentContext())?.namespace;
  return { client: kubeClient(config), namespace: options.namespace ?? inContext ?? 'default' };
}
