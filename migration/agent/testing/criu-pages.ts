import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { IN_PARENT, readPagemap } from '../criu-pagemap.ts';
import { PAGE } from '../stream/page-hashes.ts';

/** The content of an image of pages as CRIU reads it, in the order of their addresses; without a pagemap, what is in the file. */
export function readAsCriu(image: string): Buffer {
  const dir = path.dirname(image);
  const pagemap = readdirSync(dir).find(
    (name) => /^pagemap-\d+\.img$/.test(name) && imageOf(path.join(dir, name)) === path.basename(image),
  );
  return pagemap === undefined ? readFileSync(image) : Buffer.concat([...memoryOf(dir, pagemap).values()]);
}

const imageOf = (pagemap: string): string => `pages-${readPagemap(readFileSync(pagemap)).pagesId}.img`;

/** By address. See read_pagemap_page in https://github.com/checkpoint-restore/criu/blob/criu-dev/criu/pagemap.c */
function memoryOf(dir: string, pagemap: string): Map<number, Buffer> {
  const { pagesId, runs } = readPagemap(readFileSync(path.join(dir, pagemap)));
  const own = readFileSync(path.join(dir, `pages-${pagesId}.img`));
  const needsParent = runs.some(({ flags }) => flags === IN_PARENT);
  const parent = needsParent ? memoryOf(path.join(dir, 'parent'), pagemap) : undefined;
  const memory = new Map<number, Buffer>();
  let at = 0;
  let last = -1;
  for (const { address, pages, flags } of runs)
    for (let page = address; page < address + pages * PAGE; page += PAGE) {
      if (page <= last) throw new Error('the addresses of a pagemap go back');
      last = page;
      const content = flags === IN_PARENT ? parent?.get(page) : own.subarray(at, at + PAGE);
      if (content?.length !== PAGE) throw new Error(`no page at ${page.toString(16)}`);
      memory.set(page, content);
      if (flags !== IN_PARENT) at += PAGE;
    }
  if (at !== own.length) throw new Error(`${pagemap} tells of ${at} bytes, ${own.length} are there`);
  return memory;
}
