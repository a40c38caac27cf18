import { posix } from 'node:path';
import ssh2, { type Client, type SFTPWrapper } from 'ssh2';
import { abortable } from './abortable.ts';

const { STATUS_CODE } = ssh2.utils.sftp;

/** Opens an SFTP channel of its own. */
export function openSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('the connection was closed'));
    client.once('close', lost);
    try {
      client.sftp((error, sftp) => {
        client.off('close', lost);
        if (error) reject(error);
        else resolve(sftp);
      });
    } catch (error) {
      // ssh2 throws when the connection is already closed.
      client.off('close', lost);
      reject(error);
    }
  });
}

/** The few file operations that copying needs, as promises that end when the channel does. */
export class RemoteFiles {
  private readonly sftp: SFTPWrapper;
  private readonly signal: AbortSignal;
  private readonly closed: Promise<never>;

  constructor(sftp: SFTPWrapper, signal: AbortSignal) {
    this.sftp = sftp;
    this.signal = signal;
    this.closed = new Promise((_, reject) => {
      sftp.once('close', () => reject(new Error('the connection broke while a file was copied')));
    });
    // Rejected also when nothing waits for it, at the ordinary end of the channel.
    this.closed.catch(() => undefined);
  }

  /** What is at the path; undefined when there is nothing. */
  async kind(path: string): Promise<'folder' | 'file' | undefined> {
    try {
      const stats = await this.call<ssh2.Stats>((done) => this.sftp.stat(path, done));
      return stats.isDirectory() ? 'folder' : 'file';
    } catch (error) {
      if ((error as { code?: unknown }).code === STATUS_CODE.NO_SUCH_FILE) return undefined;
      throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Makes the folder and those above it that are missing. */
  async makeFolders(path: string): Promise<void> {
    const kind = await this.kind(path);
    if (kind === 'folder') return;
    if (kind === 'file') throw new Error(`${path} exists but is not a directory`);
    const parent = posix.dirname(path);
    if (parent !== path) await this.makeFolders(parent);
    await this.act(path, (done) => this.sftp.mkdir(path, done));
  }

  /** Copies a local file, overwriting what is there. */
  async put(localFile: string, path: string): Promise<void> {
    await this.act(path, (done) => this.sftp.fastPut(localFile, path, done));
  }

  /** Writes a text file, overwriting what is there. */
  async write(text: string, path: string): Promise<void> {
    await this.act(path, (done) => this.sftp.writeFile(path, text, done));
  }

  private async act(path: string, start: (done: (error?: Error | null) => void) => void): Promise<void> {
    try {
      await this.call<undefined>((done) => start((error) => done(error ?? undefined, undefined)));
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
    }
  }

  private call<T>(start: (done: (error: Error | undefined, result: T) => void) => void): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      start((error, result) => (error ? reject(error) : resolve(result)));
    });
    return abortable(Promise.race([answer, this.closed]), this.signal);
  }
}
