import { runPlugin } from '../protocol/serve.ts';
import { KubernetesProvider } from './provider.ts';

/** Entry of the plugin: the engine starts it as `pulumi-resource-kubernetes <engine address>`. */
runPlugin(new KubernetesProvider(), process.argv.slice(2)).catch((error: unknown) => {
  console.error('pulumi-resource-kubernetes cannot start:', error);
  process.exit(1);
});
