/** A process that the benchmark moves, and runs without Kubernetes for the floor. */
export interface Workload {
  name: string;
  app: 'tick' | 'redis';
  /** Instead of the image's entry point. */
  command?: readonly string[];
  /** Where it listens once it may be measured. */
  port: number;
  /** Run inside the container once it listens: gives it its state. */
  fill?: readonly string[];
  /** Answers HTTP on its port, so that a client's outage can be measured. */
  isWeb: boolean;
  /** MiB that the target’s machine has ready before each sample, where the state is so large that it matters: it is several times in memory. */
  readyMiB?: number;
  /** What its freeze must not exceed. */
  bars: readonly FreezeBar[];
}

/** A bound on the median of something that is measured in one round; all times in ms. */
export interface FreezeBar {
  name: string;
  most: number;
  of(round: { floorMs: number; freezeMs: number; outageMs: number | undefined }): number | undefined;
}

/** A small pod is judged by the ratio, a large one by what comes on top. */
const RATIO: FreezeBar = {
  name: 'freeze / floor',
  most: 1.35,
  of: (round) => round.freezeMs / round.floorMs,
};
const SMALL_FREEZE: FreezeBar = { name: 'freeze (ms)', most: 350, of: (round) => round.freezeMs };
const ON_TOP: FreezeBar = {
  name: 'freeze - floor (ms)',
  most: 500,
  of: (round) => round.freezeMs - round.floorMs,
};
const OUTAGE: FreezeBar = {
  name: 'outage - freeze (ms)',
  most: 150,
  of: ({ outageMs, freezeMs }) => (outageMs === undefined ? undefined : outageMs - freezeMs),
};

/** 100,000 values of 1,000 bytes. */
const FILL_REDIS = "for i = 1, 100000 do redis.call('set', 'key:' .. i, string.rep('x', 1000)) end";

/** Pages that differ from each other and do not compress; it listens when it has them all. */
const HOLD_MEMORY = `import os, socket, time
held = [bytearray(os.urandom(1 << 20)) for _ in range(1024)]
listener = socket.create_server(("", 8080))
while True:
    time.sleep(0.01)
`;

export const workloads: readonly Workload[] = [
  { name: 'tick', app: 'tick', port: 8080, isWeb: true, bars: [RATIO, SMALL_FREEZE, OUTAGE] },
  {
    name: 'redis-100MB',
    app: 'redis',
    port: 6379,
    fill: ['/usr/bin/redis-cli', 'eval', FILL_REDIS, '0'],
    isWeb: false,
    bars: [],
  },
  {
    name: 'memory-1GiB',
    app: 'tick',
    command: ['/usr/bin/python3', '-c', HOLD_MEMORY],
    port: 8080,
    isWeb: false,
    readyMiB: 8192,
    bars: [ON_TOP],
  },
];
