import { describe, expect, it } from 'vitest';
import { parseNodeTimes } from './node-times.ts';

const sandbox = 'a'.repeat(64);
const container = 'b'.repeat(64);
const line = (second: string, message: string): string =>
  `time="2026-01-01T00:00:${second}Z" level=info msg="${message.replaceAll('"', '\\"')}"`;

const journal = [
  line('00.100000000', 'RunPodSandbox for &PodSandboxMetadata{Name:other,Uid:1,Namespace:n,Attempt:0,}'),
  line('01.000000000', 'RunPodSandbox for &PodSandboxMetadata{Name:web,Uid:2,Namespace:n,Attempt:0,}'),
  line(
    '01.250500000',
    `RunPodSandbox for &PodSandboxMetadata{Name:web,Uid:2,Namespace:n,Attempt:0,} returns sandbox id "${sandbox}"`,
  ),
  line(
    '01.300000000',
    `CreateContainer within sandbox "${sandbox}" for container &ContainerMetadata{Name:main,Attempt:0,}`,
  ),
  line(
    '01.350000000',
    `CreateContainer within sandbox "${sandbox}" for &ContainerMetadata{Name:main,Attempt:0,} returns container id "${container}"`,
  ),
  line('01.400000000', `StartContainer for "${container}"`),
  line('01.600000000', `StartContainer for "${container}" returns successfully`),
].join('\n');

describe('parseNodeTimes', () => {
  const second = Date.parse('2026-01-01T00:00:01Z');

  it('finds when the sandbox and the container of one pod were asked for and ready', () => {
    const times = parseNodeTimes(journal, 'web');
    expect(times.sandboxAsked).toBe(second);
    expect(times.sandboxReady).toBeCloseTo(second + 250.5, 3);
    expect(times.containerAsked).toBe(second + 300);
    expect(times.containerStarted).toBe(second + 600);
  });

  it('says nothing of what the journal does not have', () => {
    expect(parseNodeTimes(journal, 'we')).toEqual({});
    expect(parseNodeTimes('', 'web')).toEqual({});
  });
});
