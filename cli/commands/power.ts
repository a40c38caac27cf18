import type { Call } from '../context.ts';
import { exitCodes, Failure } from '../failure.ts';
import { hostPower } from '../host-power.ts';
import { findNode } from '../node-access.ts';
import { readStackSettings } from '../stack-settings.ts';

/** Switches a host off or on, as by its power button. @throws Failure when it is no host that podman runs */
export async function power(call: Call, name: string, button: 'off' | 'on'): Promise<number> {
  const hosts = hostPower(call);
  if (hosts === undefined)
    throw new Failure('hosts of your own are not switched off and on', { exitCode: exitCodes.usage });
  const node = findNode(call.stack, readStackSettings(call.stack).lab.hosts, name);
  await hosts[button](node.name);
  return exitCodes.ok;
}
