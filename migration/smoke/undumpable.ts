/**
 * Python for a pod: a child of the container's first process that holds a netlink socket with an answer (to RTM_GETLINK) that
 * nobody reads. CRIU does not dump such a one, and no check sees it before: it is a matter of a moment.
 */
export const HOLD = [
  'import os, socket, struct, time',
  'if os.fork(): os._exit(0)',
  'os.setsid()',
  'holder = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)',
  'holder.bind((0, 0))',
  'holder.send(struct.pack("=IHHIIBxHiII", 32, 18, 0x301, 1, 0, 0, 0, 0, 0, 0))',
  'open("/tmp/holder", "w").write(str(os.getpid()))',
  'null = os.open("/dev/null", os.O_RDWR)',
  'for fd in (0, 1, 2): os.dup2(null, fd)',
  'time.sleep(600)',
].join('\n');

/** Python for the same pod: ends that child. */
export const LET_GO = 'import os; os.kill(int(open("/tmp/holder").read()), 9)';
