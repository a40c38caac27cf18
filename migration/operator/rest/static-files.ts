import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** The dashboard's files. They hold no data, so anybody may have them; what they ask the API for takes a token. */

interface StaticFile {
  headers: Record<string, string>;
  body: Buffer;
}

/** What is at a path, if anything is. */
export type StaticFiles = (path: string) => StaticFile | undefined;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Scripts, styles and connections of the page's own origin, and nothing else: no frame may hold it, no form may leave it. */
const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/**
 * Reads every file of a directory, once, and gives each by its path; the page itself is at `/`. What is not among them
 * is undefined, and without the directory there are none.
 */
export async function staticFiles(directory: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  for (const name of await namesIn(directory)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const path = name === 'index.html' ? '/' : `/${name}`;
    files.set(path, { headers: headersFor(type), body: await readFile(join(directory, name)) });
  }
  return (path) => files.get(path);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function headersFor(type: string): Record<string, string> {
  return {
    'content-type': type,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // A newer operator's page is not to talk to its API with an older script.
    'cache-control': 'no-cache',
  };
}
