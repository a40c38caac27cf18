import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { capabilities } from '../agent/preflight/cpu-features.ts';
import { SmokeLab } from './lab.ts';

/** Refusals that need the cluster or a node to be otherwise than it is. */

const POD = 'full-refused';

let lab: SmokeLab;
let [here, there]: string[] = [];

beforeAll(async () => {
  lab = await SmokeLab.open();
  [here, there] = lab.workers;
  await lab.startPod(POD, 'tick', here as string);
});
afterAll(async () => {
  await lab.removePods(POD);
  await lab.close();
});

const dryRunAnswer = z.object({
  checks: z.array(z.object({ name: z.string(), status: z.string(), message: z.string() })),
});

/** The checks that speak against a move of the pod to the other worker, with their words. */
async function objections(): Promise<Record<string, string>> {
  const done = await lab.tryKubectl(['migrate', POD, there as string, '--dry-run', '-o', 'json']);
  const { checks } = dryRunAnswer.parse(JSON.parse(done.stdout));
  return Object.fromEntries(
    checks.filter(({ status }) => status === 'failed').map(({ name, message }) => [name, message]),
  );
}

describe('a PodDisruptionBudget that allows no disruption', () => {
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: POD },
    spec: { minAvailable: 1, selector: { matchLabels: { 'podferry.dev/smoke': POD } } },
  };
  afterAll(() => lab.kubectl(['delete', 'pdb', POD, '--ignore-not-found']));

  it('keeps the pod where it is, untouched, unless a person thinks otherwise', async () => {
    const before = await lab.tick(POD);
    await lab.apply(budget);
    const healthy = ['get', 'pdb', POD, '-o', 'jsonpath={.status.currentHealthy}'];
    await lab.until(
      'the budget counts the pod',
      () => lab.kubectl(healthy),
      (count) => count === '1',
    );
    const refused = await lab.tryKubectl(['migrate', POD, there as string]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('DisruptionBudget');
    expect(await lab.nodeOf(POD)).toBe(here);
    expect((await lab.tick(POD)).startedAt).toBe(before.startedAt);
    expect(Object.keys(await objections())).toEqual(['DisruptionBudget']);
    await lab.kubectl(['delete', 'pdb', POD]);
    await lab.until('nothing speaks against it', objections, (found) => Object.keys(found).length === 0);
  });
});

/** A word of CPUID leaf 7, and features in it that no CPU has which has those around them (Xeon Phi alone had them). */
const WORD = 9;
const RARE = { avx512er: 27, avx512pf: 26 };

/** CRIU's image of a CPU that has one feature more, as long as before. */
function withRareFeature(image: Buffer): { image: Buffer; feature: string } {
  const word = capabilities(image)[WORD] ?? 0;
  for (const [feature, bit] of Object.entries(RARE)) {
    const [old, more] = [varint(word), varint((word | (1 << bit)) >>> 0)];
    const at = image.indexOf(old);
    if (at < 0 || old.length !== more.length || old.equals(more)) continue;
    const changed = Buffer.from(image);
    more.copy(changed, at);
    return { image: changed, feature };
  }
  throw new Error('this CPU has every feature that it is to lack here');
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** In front of CRIU while it is to say that it runs on another CPU. */
const STAND_IN = '/run/podferry-other-cpu';
const standIn = `#!/bin/sh
[ "$1 $2" != 'cpuinfo dump' ] || exec cp ${STAND_IN}/cpuinfo.img "$4/cpuinfo.img"
exec ${STAND_IN}/criu "$@"
`;

describe('a node whose CPU has a feature that the other lacks', () => {
  afterAll(() => lab.onNode(here as string, `umount "$(command -v criu)" 2>/dev/null; rm -rf ${STAND_IN}`));

  it('keeps its pods: they would die there of an illegal instruction', async () => {
    const dump =
      'd=$(mktemp -d); criu cpuinfo dump --images-dir "$d" >/dev/null; base64 -w0 "$d/cpuinfo.img"; rm -r "$d"';
    const { image, feature } = withRareFeature(Buffer.from(await lab.onNode(here as string, dump), 'base64'));
    expect(await objections()).toEqual({});
    const script = `set -eu
mkdir -p ${STAND_IN}
cp "$(command -v criu)" ${STAND_IN}/criu
echo '${image.toString('base64')}' | base64 -d >${STAND_IN}/cpuinfo.img
cat >${STAND_IN}/stand-in
chmod 755 ${STAND_IN}/stand-in
mount --bind ${STAND_IN}/stand-in "$(command -v criu)"
`;
    await lab.onNode(here as string, script, standIn);
    const found = await objections();
    expect(Object.keys(found)).toEqual(['Cpu']);
    expect(found.Cpu).toContain(feature);
    const refused = await lab.tryKubectl(['migrate', POD, there as string]);
    expect(refused.exitCode).toBe(1);
    expect(await lab.nodeOf(POD)).toBe(here);
    await lab.onNode(here as string, 'umount "$(command -v criu)"');
    expect(await objections()).toEqual({});
  });
});
