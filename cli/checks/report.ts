import type { Finding } from './check.ts';

/** Findings as lines: what is wrong comes with what to do, warnings and errors together. */
export function findingLines(findings: readonly Finding[], options: { all: boolean }): string[] {
  const width = Math.max(...findings.map((finding) => finding.name.length));
  return findings.flatMap(({ name, title, problem }) => {
    if (problem === undefined) return options.all ? [`ok       ${name.padEnd(width)}  ${title}`] : [];
    return [
      `${problem.level.padEnd(7)}  ${name.padEnd(width)}  ${problem.message}`,
      `${' '.repeat(width + 11)}${problem.advice}`,
    ];
  });
}

/** Names of the checks that found an error. */
export function failedChecks(findings: readonly Finding[]): string[] {
  return findings.filter((finding) => finding.problem?.level === 'error').map((finding) => finding.name);
}
