import type { ComponentChildren } from 'preact';

interface PageHeadProps {
  title: string;
  /** What is told beside the title. */
  beside?: ComponentChildren;
  /** What can be done, at the end of the line. */
  children?: ComponentChildren;
}

/** The head of a page. */
export function PageHead({ title, beside, children }: PageHeadProps) {
  return (
    <div class="page-head">
      <h1>{title}</h1>
      {beside}
      {children && <div class="page-head__end">{children}</div>}
    </div>
  );
}
