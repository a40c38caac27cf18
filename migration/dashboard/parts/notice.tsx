import type { ComponentChildren } from 'preact';

interface NoticeProps {
  title: string;
  /** The title is the whole page's. */
  isPage?: boolean;
  children?: ComponentChildren;
}

/** What a panel says when it has nothing else to show. */
export function Notice({ title, isPage = false, children }: NoticeProps) {
  return (
    <div class="notice">
      {isPage ? <h1>{title}</h1> : <strong>{title}</strong>}
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="notice" role="status">
      <span class="spinner" />
      <span>Loading {what}…</span>
    </div>
  );
}
