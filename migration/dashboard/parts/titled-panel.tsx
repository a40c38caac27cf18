import type { ComponentChildren } from 'preact';

interface TitledPanelProps {
  /** By this the panel's heading is found; one of its kind on a page. */
  id: string;
  title: string;
  beside?: ComponentChildren;
  /** It is about something that went wrong. */
  isBad?: boolean;
  children: ComponentChildren;
}

/** A part of a page that has a heading. */
export function TitledPanel({ id, title, beside, isBad = false, children }: TitledPanelProps) {
  return (
    <section class={`panel ${isBad ? 'panel--bad' : ''}`} aria-labelledby={id}>
      <div class="panel__head">
        <h2 id={id}>{title}</h2>
        {beside}
      </div>
      {children}
    </section>
  );
}
