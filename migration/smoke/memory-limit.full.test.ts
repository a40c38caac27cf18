import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { SmokeLab } from './lab.ts';
import { type Moved, moveProbes } from './moved-probes.ts';
import { PodSet } from './pod-set.ts';
import { probeContainer } from './probe.ts';

/** What the process keeps, in MiB, and what its container may use. The interpreter itself takes some fifteen. */
const KEPT_MIB = 200;
const LIMIT_MIB = 232;

/** The probe, holding memory that it wrote to and that does not compress. */
const program = [
  'import os, runpy, sys',
  `kept = bytearray(${KEPT_MIB} << 20)`,
  `for at in range(${KEPT_MIB}): kept[at << 20:(at + 1) << 20] = os.urandom(1 << 20)`,
  'sys.path.insert(0, "/usr/local/lib/probe")',
  'sys.argv = ["main.py"]',
  'runpy.run_path("/usr/local/lib/probe/main.py", run_name="__main__")',
].join('\n');

let lab: SmokeLab;
let set: PodSet;
let moved: Moved;

beforeAll(async () => {
  lab = await SmokeLab.open();
  set = new PodSet(lab, 'full-memory-limit');
  const near = probeContainer(inject('probeImage'), [], {
    command: ['/usr/bin/python3', '-u', '-c', program],
    resources: { limits: { memory: `${LIMIT_MIB}Mi` } },
  });
  const all = await moveProbes(lab, set, { near: { containers: [near] } });
  moved = all.near as Moved;
});
afterAll(async () => {
  await set.remove();
  await lab.close();
});

it('a container whose memory is near its limit is moved, the very process, and not killed for it', async () => {
  expect(moved.why).toBe('');
  expect(moved.state).toBe('Succeeded');
  expect(moved.after.nonce).toBe(moved.before.nonce);
  const pod = set.pod('near');
  const path = 'jsonpath={.status.containerStatuses[0].restartCount}';
  expect(await lab.kubectl(['get', 'pod', pod, '-o', path])).toBe('0');
  // Not what the control group counts: of what CRIU restores, version 1 charges a part to whoever restored it.
  const resident = await lab.kubectl(['exec', pod, '--', 'sh', '-c', 'cat /proc/1/status']);
  expect(Number(/^VmRSS:\s*(\d+) kB$/m.exec(resident)?.[1])).toBeGreaterThan(KEPT_MIB * 1024);
});
