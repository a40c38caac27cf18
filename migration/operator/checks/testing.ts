import type { PodFacts } from './pod.ts';
import { podDetail } from './pod-detail.ts';

interface Changes {
  metadata?: object;
  spec?: object;
  status?: object;
}

/** An ordinary pod on worker1, running, with changes. */
export function facts({ metadata, spec, status }: Changes = {}): PodFacts {
  const running = { name: 'app', imageID: 'sha256:app', state: { running: {} } };
  const pod = podDetail.parse({
    metadata: { name: 'app', namespace: 'default', labels: { app: 'web' }, ...metadata },
    spec: { nodeName: 'worker1', containers: [{ name: 'app', image: 'app:1' }], ...spec },
    status: { phase: 'Running', containerStatuses: [running], ...status },
  });
  return { pod, busyWith: undefined };
}
