import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CLOSE_CONNECTIONS, CRIU_RUNC_CONF_PATH } from '../../runtime/criu-conf.ts';
import { changeConfig } from '../bundle.ts';
import type { Connections } from '../source/pod.ts';

/**
 * CRIU's options for one container: a file named by the annotation `org.criu.config` of its bundle. While it is being restored the
 * file holds `leave-stopped`, so that CRIU sends SIGSTOP to each task before its first instruction. runc keeps the
 * annotation and names the same file to CRIU at the next dump, which would leave the source stopped: so the file goes back
 * to the plain options at once, and after a restart of the agent.
 *
 * https://github.com/opencontainers/runc/blob/main/docs/checkpoint-restore.md, https://criu.org/Configuration_files,
 * `--leave-stopped` in https://criu.org/CLI/opt/--leave-stopped
 */
export class CriuConfigs {
  readonly #dir: string;
  readonly #plain: string;

  /** `dir` holds a file for each restored container; `plainFile` the options that every container has. */
  constructor(dir: string, plainFile = CRIU_RUNC_CONF_PATH) {
    this.#dir = dir;
    this.#plain = readFileSync(plainFile, 'utf8');
  }

  /** Lets the coming restore of a container leave its tasks stopped, and its connections as they were dumped. */
  async leaveStopped(containerId: string, bundle: string, connections: Connections): Promise<void> {
    const closing = connections === 'close' ? CLOSE_CONNECTIONS : '';
    const file = this.#write(containerId, `${this.#plain}${closing}leave-stopped\n`);
    await changeConfig(bundle, (config) => ({
      ...config,
      annotations: { ...config.annotations, [ANNOTATION]: file },
    }));
  }

  /** Back to the plain options, unless it was forgotten meanwhile. */
  plain(containerId: string): void {
    if (existsSync(this.#file(containerId))) this.#write(containerId, this.#plain);
  }

  /** For a container that never comes to run. */
  forget(containerId: string): void {
    rmSync(this.#file(containerId), { force: true });
  }

  /** All of them back to the plain options: no restore of an earlier run is let go on. */
  allPlain(): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#dir)) if (name.endsWith(END)) this.plain(path.basename(name, END));
  }

  #write(containerId: string, text: string): string {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const file = this.#file(containerId);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return file;
  }

  #file(containerId: string): string {
    return path.join(this.#dir, containerId + END);
  }
}

const ANNOTATION = 'org.criu.config';
const END = '.conf';
