import type { ComponentChildren } from 'preact';
import { useSigned } from '../context.tsx';
import { count } from '../models/readable.ts';
import { PageHead } from './page-head.tsx';

interface ListHeadProps {
  title: string;
  /** How many there are, of what. */
  found: number;
  what: string;
  children: ComponentChildren;
}

/** The head of a page that lists things; how many it found is told whenever that changes. */
export function ListHead({ title, found, what, children }: ListHeadProps) {
  const { lab } = useSigned();
  const tally = (
    <span class="quiet" role="status">
      {lab.isComplete && count(found, what)}
    </span>
  );
  return (
    <PageHead title={title} beside={tally}>
      {children}
    </PageHead>
  );
}
