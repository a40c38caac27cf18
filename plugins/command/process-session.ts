import { readdirSync, readFileSync } from 'node:fs';

/**
 * Sends a signal to every process of a session on this machine: also to those that have made themselves a process
 * group, as `timeout` does. Where there is no /proc it reaches the leader's process group only.
 */
export function signalLocalSession(leader: number, name: NodeJS.Signals): void {
  const members = sessionMembers(leader);
  for (const pid of members ?? [-leader]) {
    try {
      process.kill(pid, name);
    } catch {
      // ESRCH: it has ended in the meantime.
    }
  }
}

function sessionMembers(leader: number): number[] | undefined {
  try {
    const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
    return pids.map(Number).filter((pid) => sessionOf(pid) === leader);
  } catch {
    return undefined;
  }
}

/** Session of a process; undefined when it has ended. */
function sessionOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // After the name in parentheses: state, parent, process group, session (proc_pid_stat(5)).
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
  } catch {
    return undefined;
  }
}
