import { type Cell, cells } from './faults.ts';

/**
 * The cells that every test run plays: one for each party that can die in the middle of a move, one for each thing that can be
 * wrong with the state, both ways to run out of patience, and an address whose way cannot be changed at first. None takes much longer than the move itself.
 */
const TITLES = [
  'source agent killed, during-dump',
  'target agent killed, during-restore',
  'operator killed, after-commit',
  'store gone (transport store), during-dump',
  'restore fails, during-restore',
  'checksum wrong (transport store), during-move',
  'deadline hit, during-move',
  'Podmigration deleted, before-commit',
  'podferry-addresses hand-over fails for 5 s (address kept), before-commit',
];

export const slice: readonly Cell[] = cells.filter(({ title }) => TITLES.includes(title));

if (slice.length !== TITLES.length) throw new Error('the slice names cells that the matrix does not have');
