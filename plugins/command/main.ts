import { runPlugin } from '../protocol/serve.ts';
import { CommandProvider } from './provider.ts';

/** Entry of the plugin: the engine starts it as `pulumi-resource-command <engine address>`. */
runPlugin(new CommandProvider(), process.argv.slice(2)).catch((error: unknown) => {
  console.error('pulumi-resource-command cannot start:', error);
  process.exit(1);
});
