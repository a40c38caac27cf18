import { type BuildEvent, buildArtefacts } from './artefacts.ts';

const began = Date.now();

function line(event: BuildEvent): string {
  const at = `${((Date.now() - began) / 1000).toFixed(1)}s`.padStart(8);
  const took = 'ms' in event ? ` (${(event.ms / 1000).toFixed(1)}s)` : '';
  const why =
    event.kind === 'failed' ? `\n${event.error instanceof Error ? event.error.message : event.error}` : '';
  return `${at}  ${event.kind.padEnd(8)} ${event.title}${took}${why}\n`;
}

await buildArtefacts({}, (event) => process.stdout.write(line(event)));
