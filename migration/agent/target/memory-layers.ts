import { readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { addPages, IN_PARENT, type PageRun, pagemapImage, readPagemap } from '../criu-pagemap.ts';
import { StepError } from '../failure.ts';
import type { ArrivedMemory } from '../stream/memory-file.ts';
import { PAGE, type PageHashes } from '../stream/page-hashes.ts';
import { PageCopy } from './page-copy.ts';
import { PageAddresses, PagePlaces } from './page-index.ts';

/** CRIU looks there for the pages that an image does not have: https://criu.org/Incremental_dumps */
const PARENT = 'parent';

/** The memory of a process as it once was, in a folder with CRIU's images of it. */
export interface Snapshot {
  folder: string;
  /** Names of the file that says which pages these are. */
  pagemap: string;
  hashes: PageHashes;
  addresses: PageAddresses;
  places: PagePlaces;
}

/** A stretch of a process's pages, and whose they are: its parent's at the same addresses, new ones, or those of the content referred to. */
interface Piece {
  run: PageRun;
  from: 'parent' | 'file' | 'elsewhere';
  /** In the snapshot, or in the file of new ones. */
  page: number;
}

/**
 * Completes the images of a folder's memory, of which only what is new has arrived, as CRIU's incremental images: what is at the same
 * addresses in an earlier snapshot stays there, and the folder's images refer to it. What has moved is copied.
 *
 * @param arrived by paths of images in `staging`
 * @param snapshots by the same
 * @returns what is there now, by the same; nothing for memory whose addresses are not known, which is complete by itself
 */
export async function layMemory(
  staging: string,
  arrived: ReadonlyMap<string, ArrivedMemory>,
  snapshots: ReadonlyMap<string, Snapshot>,
): Promise<Map<string, Snapshot>> {
  const made = new Map<string, Snapshot>();
  const folders = new Map<string, ImageFolder>();
  for (const [name, memory] of arrived) {
    const dir = path.join(staging, path.dirname(name));
    const folder = folders.get(dir) ?? (await ImageFolder.open(dir));
    folders.set(dir, folder);
    const snapshot = await folder.lay(path.basename(name), memory, {
      content: snapshots.get(name),
      ofContainer: [...snapshots].flatMap(([key, one]) =>
        path.dirname(key) === path.dirname(name) ? [one] : [],
      ),
    });
    if (snapshot !== undefined) made.set(name, snapshot);
  }
  return made;
}

/** Earlier snapshots: the one whose content is referred to, and all of the container, among which is the process's own. */
interface Bases {
  content: Snapshot | undefined;
  ofContainer: readonly Snapshot[];
}

/** By the name of the image with the pages. */
type Pagemaps = ReadonlyMap<string, { file: string; runs: readonly PageRun[] }>;

/** A folder of images that have arrived. */
class ImageFolder {
  readonly #dir: string;
  readonly #pagemaps: Pagemaps;
  #hasParent = false;

  private constructor(dir: string, pagemaps: Pagemaps) {
    this.#dir = dir;
    this.#pagemaps = pagemaps;
  }

  static async open(dir: string): Promise<ImageFolder> {
    const files = (await readdir(dir)).filter((name) => /^pagemap-\d+\.img$/.test(name));
    const pagemaps = await Promise.all(
      files.map(async (file) => {
        const { pagesId, runs } = readPagemap(await readFile(path.join(dir, file)));
        return [`pages-${pagesId}.img`, { file, runs }] as const;
      }),
    );
    return new ImageFolder(dir, new Map(pagemaps));
  }

  async lay(image: string, memory: ArrivedMemory, bases: Bases): Promise<Snapshot | undefined> {
    const { hashes } = memory;
    const pagemap = this.#pagemaps.get(image);
    const pages = pagemap?.runs.reduce((sum, run) => sum + run.pages, 0);
    const isKnown = pagemap !== undefined && pages === hashes.length;
    const runs = isKnown ? pagemap.runs : [{ address: 0, pages: hashes.length, flags: 0 }];
    // CRIU looks for the parent's pagemap by the same name.
    const parent = isKnown ? bases.ofContainer.find((one) => one.pagemap === pagemap.file) : undefined;
    const pieces = piecesOf(memory, runs, bases.content, parent);
    const file = path.join(this.#dir, image);
    if (pieces.some(({ from }) => from === 'elsewhere')) await assemble(file, pieces, bases.content?.places);
    if (!isKnown) return undefined;
    if (parent !== undefined && pieces.some(({ from }) => from === 'parent')) {
      await this.#linkParent(parent.folder);
      const changed = pagemapImage({ pagesId: pagesIdOf(file), runs: mergedRuns(pieces) });
      await writeFile(path.join(this.#dir, pagemap.file), changed);
    }
    const places = placesOf(file, pieces, parent?.places);
    return { folder: this.#dir, pagemap: pagemap.file, hashes, addresses: new PageAddresses(runs), places };
  }

  /** By a relative path: CRIU follows it from within the container's own root. */
  async #linkParent(folder: string): Promise<void> {
    if (!this.#hasParent) await symlink(path.relative(this.#dir, folder), path.join(this.#dir, PARENT));
    this.#hasParent = true;
  }
}

const pagesIdOf = (file: string): number => Number(/^pages-(\d+)\.img$/.exec(path.basename(file))?.[1]);

/** What memory is made of. */
function piecesOf(
  { stretches, hashes }: ArrivedMemory,
  runs: readonly PageRun[],
  content: Snapshot | undefined,
  parent: Snapshot | undefined,
): Piece[] {
  const pieces: Piece[] = [];
  let written = 0;
  let made = 0;
  for (const { page, run } of cut(stretches, runs)) {
    if (page === undefined) {
      addPiece(pieces, { run, from: 'file', page: written });
      written += run.pages;
    } else if (content === undefined) throw new StepError('fetch', 'the memory refers to what was not sent');
    else if (parent === undefined) addPiece(pieces, { run, from: 'elsewhere', page });
    else
      for (const piece of ofParent(run, page, parent, parent === content, hashes, made))
        addPiece(pieces, piece);
    made += run.pages;
  }
  return pieces;
}

/** Adds what may go on where the last one ends. */
function addPiece(pieces: Piece[], { run, from, page }: Piece): void {
  const last = pieces.at(-1);
  const goesOn =
    last?.from === from &&
    last.run.flags === run.flags &&
    last.page + last.run.pages === page &&
    last.run.address + last.run.pages * PAGE === run.address;
  if (goesOn) last.run.pages += run.pages;
  else pieces.push({ run: { ...run }, from, page });
}

/**
 * Pages whose content is referred to, from `page` on, in parts that the parent has at their addresses, and those that it has not. `isContent`:
 * the content is the parent's own. `made`: the number of the first of them.
 */
function* ofParent(
  { address, pages, flags }: PageRun,
  page: number,
  { addresses, hashes }: Snapshot,
  isContent: boolean,
  now: PageHashes,
  made: number,
): Generator<Piece> {
  for (let done = 0; done < pages; ) {
    const at = address + done * PAGE;
    const there = addresses.find(at);
    const isItself = isContent && there?.page === page + done;
    const count = isItself ? Math.min(there.pages, pages - done) : 1;
    const run = { address: at, pages: count, flags };
    if (there !== undefined && (isItself || hashes.at(there.page) === now.at(made + done)))
      yield { run: { ...run, flags: IN_PARENT }, from: 'parent', page: there.page };
    else yield { run, from: 'elsewhere', page: page + done };
    done += count;
  }
}

/** Stretches of pages and runs of addresses side by side, in parts that both have. */
function* cut(
  stretches: ArrivedMemory['stretches'],
  runs: readonly PageRun[],
): Generator<{ page?: number; run: PageRun }> {
  let index = 0;
  let used = 0;
  for (const { page, count } of stretches)
    for (let done = 0; done < count; ) {
      const run = runs[index];
      if (run === undefined) throw new Error('more pages than addresses');
      const pages = Math.min(count - done, run.pages - used);
      const part = { address: run.address + used * PAGE, pages, flags: run.flags };
      yield page === undefined ? { run: part } : { page: page + done, run: part };
      done += pages;
      used += pages;
      if (used === run.pages) [index, used] = [index + 1, 0];
    }
}

function mergedRuns(pieces: readonly Piece[]): PageRun[] {
  const runs: PageRun[] = [];
  for (const { run } of pieces) addPages(runs, run.address, run.pages, run.flags);
  return runs;
}

/** Where the pages are once the file holds all that is not the parent's. */
function placesOf(file: string, pieces: readonly Piece[], base = new PagePlaces()): PagePlaces {
  const places = new PagePlaces();
  let written = 0;
  for (const { run, from, page } of pieces)
    if (from === 'parent')
      for (const { pages, ...place } of base.find(page, run.pages)) places.push(place, pages);
    else {
      places.push({ file, page: written }, run.pages);
      written += run.pages;
    }
  return places;
}

/** Writes the file anew, with the pages in it that are now elsewhere. */
async function assemble(file: string, pieces: readonly Piece[], base = new PagePlaces()): Promise<void> {
  const copy = await PageCopy.into(`${file}.whole`);
  try {
    for (const { run, from, page } of pieces) {
      if (from === 'parent') continue;
      if (from === 'file') await copy.add({ file, page, pages: run.pages });
      else for (const place of base.find(page, run.pages)) await copy.add(place);
    }
    await copy.flush();
  } finally {
    await copy.close();
  }
  await rename(`${file}.whole`, file);
}
