import { marked } from 'marked';
import type { Drawing } from './figures/figure.ts';

/** Prints as it looks: dark text on white, tables that scroll by themselves on narrow screens. */
const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { padding: 3px 10px; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums; }
th { border-bottom: 2px solid #888; vertical-align: bottom; } th:not([align]) { text-align: left; }
td:first-child, td[align='right'] { white-space: nowrap; } em { color: #444; font-size: 13px; }
figure { margin: 1.5rem 0; } svg { max-width: 100%; height: auto; }
@media print { body { max-width: none; margin: 0; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
`;

/** The report as one file that needs nothing else: the figures are in it. */
export async function reportHtml(markdown: string, drawings: ReadonlyMap<string, Drawing>): Promise<string> {
  const body = await marked.parse(markdown);
  const whole = body.replaceAll(
    /<p><img src="figures\/([\w-]+)\.svg" alt="([^"]*)"><\/p>/g,
    (image, name, alt) => {
      const svg = drawings.get(String(name))?.svg;
      return svg === undefined ? image : `<figure role="img" aria-label="${String(alt)}">${svg}</figure>`;
    },
  );
  const title = /^# (.*)$/m.exec(markdown)?.[1] ?? 'Report';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
<body>
${whole}
</body>
</html>
`;
}
