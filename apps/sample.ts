import { z } from 'zod';
import type { AppImageName } from './images.ts';

/** How a sample is asked what it holds: by HTTP, or by a command inside its container. The answer is text. */
export type Question = { http: string; port?: number } | { command: readonly string[] };

/**
 * What a client takes for an answer: status 200 for a path, or bytes (here as text, one character a byte) that begin
 * with `expect` once `send` was sent over a new connection.
 */
export type Answering = { http: string } | { send: string; expect: string };

/** One sample application: how it runs, what it carries, and how to see that it still has it. */
export interface Sample {
  /** Name of its pod and Service. */
  readonly name: string;
  /** What is lost when it is started anew instead of moved, in a few words. */
  readonly state: string;
  readonly image: AppImageName;
  /** TCP port of its container and its Service. */
  readonly port: number;
  /** Further TCP ports by name. */
  readonly morePorts?: Readonly<Record<string, number>>;
  /** Replaces the image's entry point. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** At least as much memory as it takes, as Kubernetes writes it. */
  readonly memory: string;
  /** Paths of emptyDir volumes; they are moved with the pod. */
  readonly emptyDirs?: readonly string[];
  /** Longest time a cold start takes on a busy machine, in seconds. */
  readonly startSeconds: number;
  readonly answering: Answering;
  /** Commands to run inside it once, before it is first asked: they give it a state worth moving. */
  readonly prepare?: readonly (readonly string[])[];
  readonly question: Question;
  /**
   * What a sample lost between two answers, in words; empty when it has kept everything.
   * @throws ZodError when an answer is not what this sample answers
   */
  lost(before: string, after: string): string[];
}

/** Every port of a sample; the one it is known by is called `main`. */
export function samplePorts({ port, morePorts = {} }: Sample): { name: string; port: number }[] {
  return [{ name: 'main', port }, ...Object.entries(morePorts).map(([name, port]) => ({ name, port }))];
}

/** Makes a `lost` out of what an answer looks like and what must hold between two of them. */
export function lostBy<T>(
  answer: z.ZodType<T>,
  losses: (before: T, after: T) => (string | false)[],
): Sample['lost'] {
  return (before, after) =>
    losses(answer.parse(json(before)), answer.parse(json(after))).filter((loss) => loss !== false);
}

/** Some answer in JSON, others in words of their own, which their schema reads. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Says of which run of the program an answer is. */
export const identity = z.object({ nonce: z.string().min(1) });

/** The loss of everything: another run of the program answers. */
export function startedAnew(before: z.infer<typeof identity>, after: z.infer<typeof identity>) {
  return before.nonce !== after.nonce && `it was started anew (${before.nonce} became ${after.nonce})`;
}

/** The loss when a count that only goes up is smaller than before. */
export function wentBack(what: string, before: number, after: number) {
  return after < before && `${what} went back from ${before} to ${after}`;
}
