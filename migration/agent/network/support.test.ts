import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cniConfigList } from '../../../node-setup/templates/cni.ts';
import { whyNoKeeping } from './support.ts';

let dir: string;
const at = (...names: string[]) => path.join(dir, ...names);
const why = () => whyNoKeeping(at('cni'), at('class'));
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'podferry-cni-'));
  await mkdir(at('cni'));
  for (const name of ['pf-entry0', 'pf-entry1', 'pf-queue0', 'pf-queue1', 'eth0'])
    await mkdir(at('class', name), { recursive: true });
});
afterEach(() => rm(dir, { recursive: true }));

describe('a node’s network', () => {
  it('keeps addresses as node-setup has set it up', async () => {
    await writeFile(at('cni', '10-podferry.conflist'), cniConfigList(['10.244.1.0/24']));
    expect(await why()).toBeUndefined();
  });

  it('does not without its devices, and says which', async () => {
    await writeFile(at('cni', '10-podferry.conflist'), cniConfigList(['10.244.1.0/24']));
    await rm(at('class', 'pf-queue1'), { recursive: true });
    expect(await why()).toMatch(/pf-queue1/);
  });

  it('does not when another one comes first, and says which', async () => {
    await writeFile(at('cni', '10-podferry.conflist'), cniConfigList(['10.244.1.0/24']));
    await writeFile(
      at('cni', '05-other.conflist'),
      JSON.stringify({ plugins: [{ type: 'calico' }, { type: 'portmap' }] }),
    );
    expect(await why()).toMatch(/calico, portmap/);
  });

  it('does not when there is none', async () => {
    expect(await why()).toMatch(/no pod network/);
  });
});
