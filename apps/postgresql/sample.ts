import { z } from 'zod';
import { identity, lostBy, type Sample, startedAnew } from '../sample.ts';

const answer = identity.extend({ rows: z.int(), digest: z.string() });

const ROWS = 20_000;
const FILL = `create table sample as select n, md5(n::text) as text from generate_series(1, ${ROWS}) n`;
const ASK = `select json_build_object('nonce', pg_postmaster_start_time(), 'rows', count(*),
  'digest', md5(string_agg(text, ',' order by n))) from sample`;

const psql = (statement: string) => [
  ...['psql', '--host=/tmp', '--username=postgres', '--no-psqlrc', '--quiet'],
  ...['--set=ON_ERROR_STOP=1', '--tuples-only', '--no-align', `--command=${statement}`],
];

export const postgresql: Sample = {
  name: 'postgresql',
  state: 'a table: its files in an emptyDir, its pages in the memory that the server’s processes share',
  image: 'postgresql',
  port: 5432,
  memory: '96Mi',
  emptyDirs: ['/data'],
  startSeconds: 90,
  // "May this be encrypted?" is the first thing a client may ask; `N` is no.
  answering: { send: '\0\0\0\x08\x04\xd2\x16\x2f', expect: 'N' },
  prepare: [psql(FILL)],
  question: { command: psql(ASK) },
  lost: lostBy(answer, (before, after) => [
    startedAnew(before, after),
    before.rows !== after.rows && `it has ${after.rows} rows instead of ${before.rows}`,
    before.digest !== after.digest && 'its rows are others',
  ]),
};
