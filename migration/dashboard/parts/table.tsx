import type { ComponentChildren } from 'preact';

export interface Column {
  title: string;
  isNumber?: boolean;
  /** Left out where there is no room: rows then say it in their first cell. */
  isOnlyWide?: boolean;
  /** The title is for screen readers alone. */
  isUntitled?: boolean;
}

/** A table with its head; the children are its rows. */
export function Table({ columns, children }: { columns: readonly Column[]; children: ComponentChildren }) {
  return (
    <table class="table">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.title} scope="col" class={classOf(column)}>
              {column.isUntitled ? <span class="unseen">{column.title}</span> : column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

const classOf = ({ isNumber, isOnlyWide }: Column): string =>
  [isNumber && 'table__number', isOnlyWide && 'only-wide'].filter(Boolean).join(' ');
