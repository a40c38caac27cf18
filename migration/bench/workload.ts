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
  /** Moved with its address: the client that asks it has one connection, and keeps it. */
  keepsAddress?: true;
  /** MiB that the target’s machine has ready before each sample, where the state is so large that it matters: it is several times in memory. */
  readyMiB?: number;
  /** What its freeze must not exceed. */
  bars: readonly FreezeBar[];
}

/** What a bar may be set to; all times in ms. */
interface Measured {
  floorMs: number;
  freezeMs: number;
  outageMs: number | undefined;
  pauseMs: number | undefined;
}

/** A bound on the median, or on the worst, of something that is measured in one round. */
export interface FreezeBar {
  name: string;
  over: 'median' | 'worst';
  most: number;
  of(round: Measured): number | undefined;
}

/** A small pod is judged by the ratio, a large one by what comes on top. */
const RATIO: FreezeBar = {
  name: 'freeze / floor',
  over: 'median',
  most: 1.35,
  of: (round) => round.freezeMs / round.floorMs,
};
const SMALL_FREEZE: FreezeBar = {
  name: 'freeze (ms)',
  over: 'median',
  most: 350,
  of: (round) => round.freezeMs,
};
const ON_TOP: FreezeBar = {
  name: 'freeze - floor (ms)',
  over: 'median',
  most: 500,
  of: (round) => round.freezeMs - round.floorMs,
};
const OUTAGE: FreezeBar = {
  name: 'outage - freeze (ms)',
  over: 'median',
  most: 150,
  of: ({ outageMs, freezeMs }) => (outageMs === undefined ? undefined : outageMs - freezeMs),
};

const PAUSE: FreezeBar = {
  name: 'pause (ms)',
  over: 'median',
  most: 400,
  of: ({ pauseMs }) => pauseMs,
};
const WORST_PAUSE: FreezeBar = { ...PAUSE, over: 'worst', most: 600 };
const PAUSE_RATIO: FreezeBar = {
  name: 'pause / floor',
  over: 'median',
  most: 1.35,
  of: ({ pauseMs, floorMs }) => pauseMs && pauseMs / floorMs,
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
    name: 'tick-keep',
    app: 'tick',
    port: 8080,
    isWeb: true,
    keepsAddress: true,
    bars: [PAUSE, PAUSE_RATIO, WORST_PAUSE],
  },
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
