import { runPlugin } from '../protocol/serve.ts';
import { KubernetesProvider } from './provider.ts';

await runPlugin(new KubernetesProvider(), process.argv.slice(2));
