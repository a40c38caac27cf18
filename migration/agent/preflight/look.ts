import type { CheckResult } from '../../contract/agent-api.ts';
import type { CheckName } from '../../contract/checks.ts';
import { skipped, type Verdict } from '../../contract/verdict.ts';

/** Checks by name, each a look at the system. */
export type Looks = { readonly [name in CheckName]?: () => Verdict | Promise<Verdict> };

/** Makes every check, side by side. One whose look fails is skipped, with the reason; it keeps no other from being told. */
export async function lookAll(looks: Looks): Promise<CheckResult[]> {
  const made = Object.entries(looks) as [CheckName, () => Verdict | Promise<Verdict>][];
  return Promise.all(
    made.map(async ([name, look]) => {
      try {
        return { name, ...(await look()) };
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { name, ...skipped(`could not be told: ${why}`) };
      }
    }),
  );
}
