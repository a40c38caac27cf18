import { z } from 'zod';
import { lostBy, type Sample } from '../sample.ts';

const messages = z.array(z.object({ payload: z.string() }));

const API = 'http://guest:guest@127.0.0.1:15672/api';
const COUNT = 50;

/** Messages with delivery mode 1 are kept in memory only, those with 2 on disk too. */
const PUBLISH = `for n in $(seq ${COUNT}); do
  body='{"routing_key": "sample", "payload": "message '$n'", "payload_encoding": "string",
    "properties": {"delivery_mode": '$((n % 2 + 1))'}}'
  wget -qO /dev/null --post-data "$body" ${API}/exchanges/%2F/amq.default/publish
done`;

/** Reads all messages and puts them back. */
const PEEK = `wget -qO - --post-data '{"count": ${2 * COUNT}, "ackmode": "ack_requeue_true", "encoding": "auto"}' \\
  ${API}/queues/%2F/sample/get`;

export const rabbitmq: Sample = {
  name: 'rabbitmq',
  state: 'a queue of messages: half of them in memory only, half of them in an emptyDir too',
  image: 'rabbitmq',
  port: 5672,
  morePorts: { management: 15672 },
  memory: '192Mi',
  emptyDirs: ['/data'],
  startSeconds: 120,
  // The header of the protocol is answered with a first frame: method, channel 0.
  answering: { send: 'AMQP\0\0\x09\x01', expect: '\x01\0\0' },
  prepare: [['sh', '-c', PUBLISH]],
  question: { command: ['sh', '-c', PEEK] },
  lost: lostBy(messages, (before, after) => {
    const left = new Set(after.map(({ payload }) => payload));
    const gone = before.filter(({ payload }) => !left.has(payload));
    return [
      gone.length > 0 && `${gone.length} of ${before.length} messages are gone`,
      after.length > before.length && `there are ${after.length} messages instead of ${before.length}`,
    ];
  }),
};
