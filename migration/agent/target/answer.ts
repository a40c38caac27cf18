/** What the wrapper is told to do with a `create`. */
export type RuntimeAnswer =
  | { verdict: 'pass' }
  /** With the folder of a gate (see CriuGate) where it is to wait for the state, which is not here yet. */
  | { verdict: 'restore'; imageDir: string; workDir: string; gate?: string }
  | { verdict: 'refuse'; reason: string };

/** The answer as the wrapper reads it: a word, then one line for each value. */
export function answerText(answer: RuntimeAnswer): string {
  switch (answer.verdict) {
    case 'pass':
      return 'pass\n';
    case 'restore':
      return `restore\n${answer.imageDir}\n${answer.workDir}\n${answer.gate ?? ''}\n`;
    case 'refuse':
      return `refuse\n${answer.reason.replace(/\s+/g, ' ')}\n`;
  }
}
