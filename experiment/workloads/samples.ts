import { fileAppender as fileAppenderSample } from '../../apps/file-appender/sample.ts';
import { jvm as jvmSample } from '../../apps/jvm/sample.ts';
import { memoryHog } from '../../apps/memory-hog/sample.ts';
import { nginx as nginxSample } from '../../apps/nginx/sample.ts';
import type { Sample } from '../../apps/sample.ts';
import { training as trainingSample } from '../../apps/training/sample.ts';
import { video as videoSample } from '../../apps/video/sample.ts';
import { jsonOverHttp, READY_FOR_EACH, type WholeCheck, type Workload } from './workload.ts';

/** Enough for the comparison; the others are played where all are wanted. */
const MAIN_ARMS = ['recreate-0', 'keep-address'];

/** A sample application as it is. Its own check of what it lost is made around every transition. */
function ofSample(
  sample: Sample,
  more: Pick<Workload, 'title' | 'exchange' | 'loss' | 'answering' | 'nothingLost'> &
    Partial<Pick<Workload, 'name' | 'whole' | 'arms' | 'readyMiB'>>,
): Workload {
  const { name, image, command, args, emptyDirs, prepare = [], port, startSeconds } = sample;
  const [fill] = prepare;
  return {
    name,
    app: image,
    ...(command && { command }),
    ...(args && { args }),
    ...(emptyDirs && { emptyDirs }),
    port,
    ...(fill && { fill }),
    readySeconds: startSeconds + 30,
    arms: MAIN_ARMS,
    ...more,
  };
}

/**
 * A sample that says in its answers how far it has come (in `counter`), and is asked for all of its state before and after each
 * transition.
 */
function countedBy(
  counter: string,
  unit: string,
  sample: Sample,
  more: Pick<Workload, 'title' | 'nothingLost'> &
    Partial<Pick<Workload, 'name' | 'exchange' | 'answering' | 'readyMiB'>>,
): Workload {
  return ofSample(sample, {
    exchange: jsonOverHttp(counter),
    loss: { kind: 'value', unit },
    whole: wholeBy(sample),
    answering: 'GET / is answered 200, on a new connection each time',
    ...more,
  });
}

/** @throws Error for a sample that is not asked by HTTP on its main port */
function wholeBy({ name, question, lost }: Sample): WholeCheck {
  if (!('http' in question) || question.port !== undefined)
    throw new Error(`${name} is not asked by HTTP on its main port`);
  return { path: question.http, lost };
}

/** The one workload without a state worth moving: what default Kubernetes is made for. */
export const nginx = ofSample(nginxSample, {
  title: 'nginx with a static page',
  // It is run as a Deployment everywhere.
  arms: [...MAIN_ARMS, 'rollout'],
  exchange: { ...jsonOverHttp(), end: '</html>\n' },
  loss: { kind: 'none' },
  answering: 'GET / is answered 200 with the whole page, on a new connection each time',
  nothingLost: 'there is nothing to lose: the page is in the image',
});

export const fileAppender = countedBy('lines', 'lines', fileAppenderSample, {
  title: 'a line every 10 ms at the end of a file in the container and of one in an emptyDir',
  nothingLost: 'both files, read again, hold every line exactly once, up to the last one written',
});

const DIRTY_MIB = 256;
const DIRTY_MIB_PER_SECOND = 32;
const dirtySample = memoryHog(DIRTY_MIB, DIRTY_MIB_PER_SECOND);
/** Memory that changes under way: what was sent ahead of the freeze has to be sent again in part. */
export const dirtyMemory = countedBy('written', 'pages written anew', dirtySample, {
  name: `dirty-${DIRTY_MIB}MiB`,
  title: `${DIRTY_MIB} MiB that do not compress, ${DIRTY_MIB_PER_SECOND} MiB of them written anew each second`,
  readyMiB: READY_FOR_EACH * DIRTY_MIB,
  nothingLost:
    'every page, looked at again, holds what was last written to it, and the count of writes goes on',
});

export const training = countedBy('step', 'steps', trainingSample, {
  title: 'training of a neural network, 50 steps a second',
  nothingLost:
    'no step is lost, and all steps repeated from the beginning lead to the same weights and loss curve, bit by bit',
});

export const video = countedBy('frames', 'frames', videoSample, {
  title: 'live video, encoded by ffmpeg at 25 frames a second',
  nothingLost: 'encoder and server are the same processes, and the number of the frame goes on',
});

/** Asked for its state: what it works for an answer would keep both processors busy, cold above all. */
export const jvm = countedBy('compilerMs', 'ms of just-in-time compilation', jvmSample, {
  title: 'service on a Java virtual machine, warmed up by 300 requests',
  exchange: jsonOverHttp('compilerMs', '/state'),
  answering: 'GET /state is answered 200, on a new connection each time',
  nothingLost: 'it is the same virtual machine, and what its compiler has done is still there',
});
