import type { MatrixLab } from '../migration/matrix/matrix-lab.ts';
import { podmanPower } from '../node-setup/podman-hosts/host.ts';
import { podmanSubnets } from '../stacks/lab-plan.ts';
import type { Call } from './context.ts';
import { mustCapture } from './programs.ts';
import { readStackSettings } from './stack-settings.ts';

/** Seconds for podman to stop or start a container. */
const POWER_SECONDS = 240;

/** The power button of the lab's hosts; undefined when they are not podman's. */
export function hostPower({ stack, journal }: Call): MatrixLab['power'] {
  const { config } = readStackSettings(stack);
  if (config.hosts !== 'podman') return undefined;
  const run = async (name: string, button: 'off' | 'on'): Promise<void> => {
    const script = podmanPower({ stack, name, subnets: podmanSubnets(config) })[button];
    const options = { timeoutSeconds: POWER_SECONDS, journal, shielded: true, input: script };
    await mustCapture(`switching ${name} ${button}`, 'bash', ['-s'], options);
  };
  return { off: (name) => run(name, 'off'), on: (name) => run(name, 'on') };
}
