import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { floorRatio, outageRatio, type Ratio, typical } from '../analysis/compare.ts';
import { type Results, samplesOf, workOut } from '../analysis/results.ts';
import { armNamed } from '../arms/all.ts';
import type { ResultFolder } from '../records/files.ts';
import { cellKey } from '../records/record.ts';
import { aroundFigures } from './figures/around.ts';
import { type Drawing, draw, type Figure } from './figures/figure.ts';
import { freezeFigure } from './figures/freeze.ts';
import { lossFigure } from './figures/loss.ts';
import { outageFigure } from './figures/outage.ts';
import { proberFigure } from './figures/prober.ts';
import { ratioFigure } from './figures/ratios.ts';
import { startFigure } from './figures/starts.ts';
import { timelineFigure } from './figures/timeline.ts';
import { reportHtml } from './html.ts';
import { type ReportParts, reportMarkdown } from './markdown.ts';
import { transitionGroups } from './sections.ts';

/** Makes `report.html`, `report.md` and `figures/` of a folder's raw samples alone. @returns what was written, and how many runs came to nothing */
export async function writeReport(folder: ResultFolder): Promise<{ files: string[]; failed: number }> {
  const results = await workOut(folder);
  const groups = transitionGroups(results);
  const figures = await figuresOf(folder, results, groups);
  const parts: ReportParts = {
    results,
    groups,
    outages: outageRatios(results),
    overFloor: floorRatios(results),
    figures: new Map(figures.map((figure) => [figure.name, figure])),
  };
  const drawings = new Map<string, Drawing>();
  for (const figure of figures) drawings.set(figure.name, await draw(figure));
  const markdown = reportMarkdown(parts);
  const out = (name: string): string => join(folder.dir, name);
  await mkdir(out('figures'), { recursive: true });
  for (const [name, { svg, png }] of drawings) {
    await writeFile(out(`figures/${name}.svg`), svg);
    await writeFile(out(`figures/${name}.png`), png);
  }
  await writeFile(out('report.md'), markdown);
  await writeFile(out('report.html'), await reportHtml(markdown, drawings));
  return { files: [out('report.html'), out('report.md')], failed: results.failed.length };
}

async function figuresOf(
  folder: ResultFolder,
  results: Results,
  groups: ReturnType<typeof transitionGroups>,
): Promise<Figure[]> {
  const { seed } = results.head;
  const arms = [...new Set(groups.map(({ arm }) => arm))];
  // The workload with the most arms, the first of them: one is enough to see what an outage looks like.
  const [first] = groups;
  const shown = groups
    .filter(({ workload }) => workload === first?.workload)
    .flatMap((group) => typical(group) ?? []);
  const samples = await samplesOf(folder, new Set(shown.map(cellKey)));
  const around = shown.flatMap((outcome) => {
    const found = samples.get(cellKey(outcome));
    return found === undefined ? [] : [{ outcome, samples: found }];
  });
  const moves = groups.filter(({ arm }) => armNamed(arm)?.family === 'migration');
  const figures = [
    ...(groups.length === 0 ? [] : [outageFigure(groups, arms, seed)]),
    ratioFigure(outageRatios(results)),
    lossFigure(groups, arms),
    timelineFigure(
      'timeline',
      groups,
      'Where the outage goes, in the run of each arm whose outage is nearest to the median. Every workload has a time scale of its own.',
    ),
    timelineFigure('timeline-moves', moves, 'The same of migrations alone, on a scale that fits them.'),
    ...aroundFigures(around),
    freezeFigure(results),
    startFigure(results.starts),
    proberFigure(results),
  ];
  return figures.filter((figure) => figure !== undefined);
}

/** Every migration arm against every default one. */
function outageRatios({ outcomes, head }: Results): Ratio[] {
  const [moves, defaults] = (['migration', 'default'] as const).map((family) =>
    head.arms.filter((name) => armNamed(name)?.family === family),
  );
  return head.workloads.flatMap((workload) =>
    (moves ?? []).flatMap((arm) =>
      (defaults ?? []).flatMap((to) => outageRatio(outcomes, workload, arm, to, head.seed) ?? []),
    ),
  );
}

function floorRatios({ outcomes, floors, head }: Results): Ratio[] {
  const named = (ratio: Ratio | undefined, what: string): Ratio[] =>
    ratio === undefined ? [] : [{ ...ratio, arm: `${what} of ${ratio.arm}` }];
  return head.workloads.flatMap((workload) =>
    head.arms.flatMap((arm) => {
      const of = { workload, arm };
      return [
        ...named(
          floorRatio(outcomes, floors, of, ({ freezeMs }) => freezeMs, head.seed),
          'freeze',
        ),
        ...named(
          floorRatio(outcomes, floors, of, ({ outageMs }) => outageMs, head.seed),
          'outage',
        ),
      ];
    }),
  );
}
