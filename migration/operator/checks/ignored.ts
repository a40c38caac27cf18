import type { CheckResult } from '../../contract/agent-api.ts';
import { definitionOf, ignorableChecks } from '../../contract/checks.ts';
import { type Checks, failed, passed } from '../../contract/verdict.ts';

/** Names in `spec.ignoreChecks`. */
export interface IgnoreFacts {
  ignored: readonly string[];
}

export const ignoring: Checks<IgnoreFacts> = {
  IgnoreChecks({ ignored }) {
    const wrong = ignored.flatMap((name) => {
      const definition = definitionOf(name);
      if (!definition) return [`there is no check ${name}`];
      return definition.ignorable === undefined ? [`${name} cannot be ignored`] : [];
    });
    if (wrong.length === 0) return passed();
    return failed(`${wrong.join('; ')}; checks that can be ignored: ${ignorableChecks().join(', ')}`);
  },
};

/** The results, with failures that the user takes upon himself as warnings. */
export function withIgnored(results: readonly CheckResult[], ignored: readonly string[]): CheckResult[] {
  return results.map((result) => {
    const { name, status, message } = result;
    const isTaken = ignored.includes(name) && definitionOf(name)?.ignorable !== undefined;
    return status === 'failed' && isTaken
      ? { name, status: 'warning', message: `ignored as asked: ${message}` }
      : result;
  });
}
