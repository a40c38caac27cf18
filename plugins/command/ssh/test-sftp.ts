import { closeSync, fstatSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import ssh2, { type SFTPWrapper } from 'ssh2';

const { STATUS_CODE, OPEN_MODE } = ssh2.utils.sftp;

/** Serves the part of SFTP that copying files uses, on this machine's file system. */
export function serveFiles(sftp: SFTPWrapper): void {
  const answer = (id: number, act: () => void): void => {
    try {
      act();
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      sftp.status(id, missing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, (error as Error).message);
    }
  };
  const done = (id: number): void => sftp.status(id, STATUS_CODE.OK);
  sftp.on('OPEN', (id, path, flags) =>
    answer(id, () => {
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(openSync(path, flags & OPEN_MODE.WRITE ? 'w' : 'r'));
      sftp.handle(id, handle);
    }),
  );
  sftp.on('WRITE', (id, handle, offset, data) =>
    answer(id, () => {
      writeSync(handle.readUInt32BE(0), data, 0, data.length, offset);
      done(id);
    }),
  );
  sftp.on('FSTAT', (id, handle) =>
    answer(id, () => sftp.attrs(id, attributes(fstatSync(handle.readUInt32BE(0))))),
  );
  sftp.on('FSETSTAT', (id) => done(id));
  sftp.on('CLOSE', (id, handle) =>
    answer(id, () => {
      closeSync(handle.readUInt32BE(0));
      done(id);
    }),
  );
  sftp.on('STAT', (id, path) => answer(id, () => sftp.attrs(id, attributes(statSync(path)))));
  sftp.on('MKDIR', (id, path) =>
    answer(id, () => {
      mkdirSync(path);
      done(id);
    }),
  );
}

function attributes(stats: {
  mode: number;
  uid: number;
  gid: number;
  size: number;
  atimeMs: number;
  mtimeMs: number;
}) {
  const { mode, uid, gid, size, atimeMs, mtimeMs } = stats;
  return { mode, uid, gid, size, atime: Math.trunc(atimeMs / 1000), mtime: Math.trunc(mtimeMs / 1000) };
}
