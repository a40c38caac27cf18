import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineSettings } from './machine.ts';

/** Answers like sysctl(8) from files named like the settings; `-p` reads a file of assignments. */
const fakeSysctl = `#!/bin/sh
case $1 in
-n) cat "$SETTINGS/$2" 2>/dev/null ;;
-qw) echo "\${2#*=}" >"$SETTINGS/\${2%%=*}" ;;
-q) while IFS='=' read -r name value; do echo "$value" >"$SETTINGS/$name"; done <"$3" ;;
esac
`;
const nothing = '#!/bin/sh\nexit 0\n';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podferry-machine-'));
  for (const name of ['bin', 'settings']) mkdirSync(join(folder, name));
  const programs = { sysctl: fakeSysctl, modprobe: nothing, podman: nothing, nft: nothing };
  for (const [name, text] of Object.entries({
    ...programs,
    'iptables-save': nothing,
    'ip6tables-save': nothing,
  })) {
    writeFileSync(join(folder, 'bin', name), text, { mode: 0o755 });
  }
  set('fs.inotify.max_user_instances', '128');
  set('fs.nr_open', '1048576');
  set('kernel.panic', '0');
});
afterEach(() => rmSync(folder, { recursive: true }));

const set = (name: string, value: string) => writeFileSync(join(folder, 'settings', name), `${value}\n`);
const get = (name: string) => readFileSync(join(folder, 'settings', name), 'utf8').trim();
const state = () => join(folder, 'run', 'podferry', 'machine');

/** Runs a script with the machine's state and programs replaced. */
function run(script: string): void {
  execFileSync('sh', ['-c', script.replaceAll('/run/podferry', join(folder, 'run', 'podferry'))], {
    env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, SETTINGS: join(folder, 'settings') },
  });
}

describe('the settings of a machine', { timeout: 30_000 }, () => {
  it('are raised by the first stack and put back by the last', () => {
    run(machineSettings('one').create);
    expect(get('fs.inotify.max_user_instances')).toBe('1024');
    // as a kubelet does at its start
    set('kernel.panic', '10');
    run(machineSettings('two').create);
    run(machineSettings('one').delete);
    expect(get('fs.inotify.max_user_instances')).toBe('1024');
    expect(get('kernel.panic')).toBe('10');
    expect(readdirSync(join(state(), 'stacks'))).toEqual(['two']);
    run(machineSettings('two').delete);
    expect(get('fs.inotify.max_user_instances')).toBe('128');
    expect(get('kernel.panic')).toBe('0');
    expect(get('fs.nr_open')).toBe('1048576');
    expect(existsSync(join(folder, 'run', 'podferry'))).toBe(false);
  });

  it('are left alone by a stack that was never there, and by one that leaves twice', () => {
    run(machineSettings('ghost').delete);
    expect(get('fs.inotify.max_user_instances')).toBe('128');
    run(machineSettings('one').create);
    run(machineSettings('one').delete);
    set('kernel.panic', '5');
    run(machineSettings('one').delete);
    expect(get('kernel.panic')).toBe('5');
  });

  it('are not lowered where they are higher already', () => {
    set('fs.inotify.max_user_instances', '8192');
    run(machineSettings('one').create);
    expect(get('fs.inotify.max_user_instances')).toBe('8192');
  });
});
