import { expect, it } from 'vitest';
import { sampleNames, samples } from './samples.ts';

const own = { nonce: 'a1', startedAt: '2026-01-01T00:00:00Z', node: 'worker1', pod: 'x' };
const json = (more: object) => JSON.stringify({ ...own, ...more });

const digest = 'd'.repeat(40);
const status = (accepted: number) =>
  `Active connections: 1 \nserver accepts handled requests\n ${accepted} ${accepted} ${accepted} \nReading: 0\n`;

/** By sample: an answer, a later one that lacks nothing, and some that lack something. */
const answers: Record<string, { before: string; good: string; bad: string[] }> = {
  tick: {
    before: json({ count: 10 }),
    good: json({ count: 11 }),
    bad: [json({ count: 9 }), json({ count: 12, nonce: 'b2' })],
  },
  redis: {
    before: `${digest}\r\nrun_id:ab12\r\n`,
    good: `${digest}\nrun_id:ab12\r\n`,
    bad: [`${'e'.repeat(40)}\nrun_id:ab12\n`, `${digest}\nrun_id:cd34\n`],
  },
  counter: {
    before: json({ count: 10 }),
    good: json({ count: 10 }),
    bad: [json({ count: 1 }), json({ count: 12, nonce: 'b2' })],
  },
  nginx: { before: status(205), good: status(207), bad: [status(3), status(205)] },
  'slow-starter': {
    before: json({ parts: 300, wrong: 0 }),
    good: json({ parts: 300, wrong: 0 }),
    bad: [
      json({ parts: 299, wrong: 0 }),
      json({ parts: 300, wrong: 1 }),
      json({ parts: 300, wrong: 0, nonce: 'b2' }),
    ],
  },
  'file-appender': {
    before: json({ lines: 5, files: { '/a': 'kept' } }),
    good: json({ lines: 6, files: { '/a': 'kept' } }),
    bad: [
      json({ lines: 6, files: { '/a': 'ends after 5 of 6 lines' } }),
      json({ lines: 4, files: { '/a': 'kept' } }),
    ],
  },
  'memory-hog': {
    before: json({ pages: 9, written: 20, wrong: 0 }),
    good: json({ pages: 9, written: 30, wrong: 0 }),
    bad: [
      json({ pages: 9, written: 30, wrong: 1 }),
      json({ pages: 8, written: 30, wrong: 0 }),
      json({ pages: 9, written: 19, wrong: 0 }),
    ],
  },
  training: {
    before: json({
      step: 6,
      curve: [
        [0, 0.7],
        [3, 0.6],
      ],
      replay: 'same',
    }),
    good: json({
      step: 9,
      curve: [
        [0, 0.7],
        [6, 0.5],
      ],
      replay: 'too long',
    }),
    bad: [
      json({ step: 9, curve: [[0, 0.7]], replay: 'different' }),
      json({
        step: 9,
        curve: [
          [0, 0.7],
          [3, 0.5],
        ],
        replay: 'same',
      }),
      json({ step: 5, curve: [[0, 0.7]], replay: 'same' }),
    ],
  },
  video: {
    before: json({ frames: 100 }),
    good: json({ frames: 140 }),
    bad: [json({ frames: 20 }), json({ frames: 140, nonce: 'b2' })],
  },
  postgresql: {
    before: json({ rows: 2, digest: 'd1' }),
    good: json({ rows: 2, digest: 'd1' }),
    bad: [
      json({ rows: 1, digest: 'd1' }),
      json({ rows: 2, digest: 'd2' }),
      json({ rows: 2, digest: 'd1', nonce: 'b2' }),
    ],
  },
  rabbitmq: {
    before: JSON.stringify([{ payload: 'a' }, { payload: 'b' }]),
    good: JSON.stringify([{ payload: 'b' }, { payload: 'a' }]),
    bad: [
      '[]',
      JSON.stringify([{ payload: 'a' }]),
      JSON.stringify([{ payload: 'a' }, { payload: 'b' }, { payload: 'b' }]),
    ],
  },
  jvm: {
    before: json({ requests: 5, microseconds: 900, compilerMs: 70 }),
    good: json({ requests: 5, microseconds: 900, compilerMs: 75 }),
    bad: [
      json({ requests: 4, microseconds: 900, compilerMs: 75 }),
      json({ requests: 5, microseconds: 900, compilerMs: 7 }),
      json({ requests: 5, microseconds: 900, compilerMs: 75, nonce: 'b2' }),
    ],
  },
};

it.each(sampleNames)('%s tells what was lost, and what was not', (name) => {
  const sample = samples.find((s) => s.name === name);
  const { before, good, bad } = answers[name] ?? { before: '', good: '', bad: [] };
  expect(bad).not.toEqual([]);
  expect(sample?.lost(before, good)).toEqual([]);
  for (const after of bad) expect(sample?.lost(before, after), after).not.toEqual([]);
  expect(() => sample?.lost(before, 'nothing to the point')).toThrow();
});

it('gives every sample a name of its own', () => {
  expect(new Set(sampleNames).size).toBe(sampleNames.length);
});
