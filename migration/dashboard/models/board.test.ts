import { describe, expect, it } from 'vitest';
import { migration, node, pod } from '../testing/samples.ts';
import { board, destinations } from './board.ts';

const nodes = [node('master'), node('worker10'), node('worker2')];
const pods = [
  pod('tick', 'worker2'),
  pod('tick-migration-1', 'worker10', { ready: false }),
  pod('redis', 'worker2', { namespace: 'data' }),
  pod('etcd', 'master', { namespace: 'kube-system' }),
];

describe('the board', () => {
  it('has workers first, by their numbers, and hides what belongs to the system', () => {
    const columns = board(nodes, pods, [], { system: false });
    expect(columns.map((column) => column.node.name)).toEqual(['worker2', 'worker10', 'master']);
    expect(columns[0]?.cards.map((card) => card.pod.name)).toEqual(['redis', 'tick']);
    expect(columns[2]).toMatchObject({ cards: [], hidden: 1 });
    expect(board(nodes, pods, [], { system: true })[2]?.cards).toHaveLength(1);
  });

  it('shows one namespace', () => {
    const shown = board(nodes, pods, [], { system: false, namespace: 'data' }).flatMap(({ cards }) => cards);
    expect(shown.map((card) => card.pod.name)).toEqual(['redis']);
  });

  it('tells of each pod what a migration under way makes of it', () => {
    const moving = { state: 'Moving', sourcePod: 'tick', targetPod: 'tick-migration-1' } as const;
    const saving = { state: 'Checkpointing', sourcePod: 'redis' } as const;
    const active = [
      migration('move', {}, moving),
      migration('save', { action: 'checkpoint' }, saving, { namespace: 'data' }),
    ];
    const cards = board(nodes, pods, active, { system: false }).flatMap((column) => column.cards);
    const parts = Object.fromEntries(cards.map((card) => [card.pod.name, card.part]));
    expect(parts).toEqual({ redis: 'saving', tick: 'leaving', 'tick-migration-1': 'arriving' });
  });

  it('leaves pods alone that a migration was at, or that only have the same name', () => {
    const over = migration('over', {}, { state: 'Failed', sourcePod: 'tick' });
    const elsewhere = migration(
      'elsewhere',
      {},
      { state: 'Moving', sourcePod: 'tick' },
      { namespace: 'data' },
    );
    const cards = board(nodes, pods, [over, elsewhere], { system: false }).flatMap((column) => column.cards);
    expect(cards.every((card) => card.part === undefined)).toBe(true);
  });
});

it('lets a pod be dropped on every node but its own', () => {
  const columns = board(nodes, pods, [], { system: false });
  expect(destinations(columns, pod('tick', 'worker2')).map(({ name }) => name)).toEqual([
    'worker10',
    'master',
  ]);
});
