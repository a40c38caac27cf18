import { PROGRAMS } from '../../apps/python-image.ts';
import { tick as sample } from '../../apps/tick/sample.ts';
import { jsonOverHttp, READY_FOR_EACH, type Workload } from './workload.ts';

/** A small web server that counts every 10 ms, in memory only. */
export const tick: Workload = {
  name: 'tick',
  title: 'counting web server',
  app: 'tick',
  port: 8080,
  exchange: jsonOverHttp('count'),
  loss: { kind: 'value', unit: 'counts of 10 ms' },
  whole: { path: '/', lost: sample.lost },
  answering: 'GET / is answered 200 with the count, on a new connection each time',
  nothingLost: 'it is the same process, and its count never gets smaller',
  readySeconds: 60,
  startsMany: true,
  isControl: true,
};

/** The same server after something that takes its time: Python that is run before it in the same process. */
function tickAfter(name: string, title: string, before: string): Workload {
  const program = [
    'import os, runpy, sys, time',
    before,
    `sys.path.insert(0, '${PROGRAMS}')`,
    `runpy.run_path('${PROGRAMS}/tick.py', run_name='__main__')`,
  ].join('\n');
  return {
    ...tick,
    name,
    title,
    command: ['/usr/bin/python3', '-c', program],
    readySeconds: 180,
    startsMany: false,
    isControl: false,
  };
}

/** Memory of random bytes, page by page another: nothing of it compresses or is shared. */
const holding = (mebibytes: number): Workload => ({
  ...tickAfter(
    `memory-${mebibytes}MiB`,
    `counting web server that holds ${mebibytes} MiB`,
    `held = [bytearray(os.urandom(1 << 20)) for _ in range(${mebibytes})]`,
  ),
  readyMiB: READY_FOR_EACH * mebibytes,
});

/** What grows with memory is the freeze: the ways that have none are played once. */
const MEMORY_ARMS = ['recreate-0', 'store', 'keep-address', 'floor'];

export const memory256: Workload = { ...holding(256), arms: MEMORY_ARMS };
export const memory1024: Workload = { ...holding(1024), arms: MEMORY_ARMS };

const SLOW_SECONDS = 10;
/** What takes its time to be ready is what a cold start costs most. */
export const slowStart: Workload = {
  ...tickAfter(
    'slow-start',
    `counting web server that is ready after ${SLOW_SECONDS} s`,
    `time.sleep(${SLOW_SECONDS})`,
  ),
  arms: ['recreate-0', 'keep-address'],
};
