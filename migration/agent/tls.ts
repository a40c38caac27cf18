import { readFile } from 'node:fs/promises';

/** This agent's key and certificate, and the authority whose certificates it believes. PEM. */
export interface TlsMaterial {
  key: string;
  cert: string;
  ca: string;
}

export async function loadTls(files: { key: string; cert: string; ca: string }): Promise<TlsMaterial> {
  const [key, cert, ca] = await Promise.all(
    [files.key, files.cert, files.ca].map((file) => readFile(file, 'utf8')),
  );
  return { key: key ?? '', cert: cert ?? '', ca: ca ?? '' };
}
