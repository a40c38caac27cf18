import { expect, it } from 'vitest';
import { Harness } from '../testing/harness.ts';
import { awaitsRestore, tellRefusal } from './refusals.ts';

async function toldOf(h: Harness, path: string, spec = {}): Promise<string[]> {
  const pod = h.cluster.addPod('copy', 'worker1', {
    metadata: { annotations: { snapshotPolicy: 'restore', snapshotPath: path } },
    spec,
    phase: 'Pending',
  });
  expect(awaitsRestore(pod)).toBe(true);
  await tellRefusal(h.world(), pod);
  return h.cluster.events.filter(({ on }) => on === 'Pod/copy').map(({ note }) => note);
}

function withCheckpoint(namespace = 'default'): Harness {
  const h = new Harness();
  h.agents.store.put('saved/app', {
    version: 2,
    createdAt: '2026-01-01T00:00:00.000Z',
    node: 'worker1',
    source: { namespace, pod: 'app', podUid: 'somebody' },
    containers: ['main'],
    images: { main: 'app:1' },
    files: [],
  });
  return h;
}

it('says nothing of a checkpoint that fits', async () => {
  expect(await toldOf(withCheckpoint(), '/saved/app')).toEqual([]);
});

it.each([
  ['', /names no directory/],
  ['/saved/../../etc', /must not contain/],
  ['/saved/nothing', /no checkpoint at/],
])('says why a pod is not restored from %j', async (path, why) => {
  expect(await toldOf(withCheckpoint(), path)).toEqual([expect.stringMatching(why)]);
});

it('says that the image is another one, or a container too many', async () => {
  const other = { containers: [{ name: 'main', image: 'other:2' }] };
  expect(await toldOf(withCheckpoint(), '/saved/app', other)).toEqual([
    'not started: container main of the checkpoint was of image app:1, the pod has other:2',
  ]);
  const more = { containers: [{ name: 'main', image: 'app:1' }, { name: 'more' }] };
  expect(await toldOf(withCheckpoint(), '/saved/app', more)).toEqual([
    expect.stringMatching(/container more/),
  ]);
});

it('says that the checkpoint is another namespace’s, and nothing of what is in it', async () => {
  const other = { containers: [{ name: 'main', image: 'other:2' }] };
  expect(await toldOf(withCheckpoint('shop'), '/saved/app', other)).toEqual([
    "not started: the checkpoint at '/saved/app' belongs to namespace shop, not to default",
  ]);
});
