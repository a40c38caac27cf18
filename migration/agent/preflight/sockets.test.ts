import { describe, expect, it } from 'vitest';
import { mptcp, parseAttributes, socketFamilies } from './sockets.ts';
import { processWith } from './testing.ts';

const owner = processWith(['socket:[1]']);
const open = (protocol: string) => [{ protocol, owner }];

it('reads what getfattr prints', () => {
  const text = `# file: /proc/9/fd/3
system.sockprotoname="AF_VSOCK"

# file: /proc/9/fd/4
system.sockprotoname="UNIX-STREAM\\000"

`;
  expect([...parseAttributes(text)]).toEqual([
    ['/proc/9/fd/3', 'AF_VSOCK'],
    ['/proc/9/fd/4', 'UNIX-STREAM'],
  ]);
});

describe('protocols, as Linux names them', () => {
  it.each(['TCP', 'TCPv6', 'UDP', 'UDPv6', 'UDP-Lite', 'UDPLITEv6', 'RAW', 'RAWv6', 'PING', 'PINGv6'])(
    '%s is known to CRIU',
    (protocol) => {
      expect(socketFamilies(open(protocol))).toMatchObject({ status: 'passed' });
    },
  );
  it.each(['UNIX', 'UNIX-STREAM', 'NETLINK', 'PACKET'])('%s is known to CRIU', (protocol) => {
    expect(socketFamilies(open(protocol))).toMatchObject({ status: 'passed' });
  });
  it.each(['AF_VSOCK', 'SCTP', 'SCTPv6', 'XDP', 'ALG', 'TIPC', 'SMC'])('%s is not', (protocol) => {
    const message = expect.stringContaining(`${protocol} of app`);
    expect(socketFamilies(open(protocol))).toMatchObject({ status: 'failed', message });
  });
  it.each(['MPTCP', 'MPTCPv6'])('%s has a check of its own', (protocol) => {
    expect(mptcp(open(protocol))).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('GODEBUG'),
    });
    expect(socketFamilies(open(protocol))).toMatchObject({ status: 'passed' });
    expect(mptcp(open('TCP'))).toMatchObject({ status: 'passed' });
  });
});
