import type { Artefact, Artefacts } from '../toolchain/artefacts.ts';
import { hostAddress, podCidr } from './addresses.ts';
import type { Lab, LabHost, PhaseContext } from './phase.ts';

/** A lab for tests: one master and some workers, with made-up artefacts. */
export function exampleLab(workers = 2, ipFamily: 'ipv4' | 'dual' = 'ipv4'): Lab {
  const isDual = ipFamily === 'dual';
  const names = ['master', ...Array.from({ length: workers }, (_, i) => `worker${i + 1}`)];
  return {
    name: 'example',
    hosts: names.map(
      (name, index): LabHost => ({
        name,
        role: index === 0 ? 'master' : 'worker',
        address: hostAddress('10.98.0.0/24', index),
        index,
        podCidr: podCidr('10.244.0.0/16', index),
        ...(isDual && {
          ipv6: {
            address: hostAddress('fd00:10:98::/64', index),
            podCidr: podCidr('fd00:10:244::/56', index),
          },
        }),
      }),
    ),
    podSubnet: '10.244.0.0/16',
    serviceSubnet: '10.96.0.0/16',
    ...(isDual && { ipv6: { podSubnet: 'fd00:10:244::/56', serviceSubnet: 'fd00:10:96::/112' } }),
    versions: { kubernetes: '1.36.3' },
  };
}

/** What a phase is given for one host of a lab: any artefact, the site's own ones only when given. */
export function exampleContext(lab: Lab, host: LabHost, given: Partial<Artefacts> = {}): PhaseContext {
  const artefacts = new Proxy(given as Artefacts, {
    get: (own, name) => {
      if (name === 'containerd' || name === 'criu') return own[name];
      return exampleArtefact(String(name));
    },
  });
  return { lab, host, artefacts };
}

/** An artefact of that name. */
export function exampleArtefact(name: string): Artefact {
  const sha256 = Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
  const image = /^image-(.*)\.tar$/.exec(name)?.[1];
  const file = `/cache/${sha256}-${name}`;
  return { name, sha256, bytes: 1, file, ...(image ? { reference: `example.org/${image}:1` } : {}) };
}
