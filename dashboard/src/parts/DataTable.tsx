// A table whose columns say what they hold: numbers stand right-aligned under a heading with its definition.
import type { ReactNode } from "react";

import { Term } from "./Term";

export interface Column<T> {
  title: string;
  /** The mart's column that defines it. */
  of?: string;
  numeric?: boolean;
  /** Left out where there is little room. */
  secondary?: boolean;
  /** The first to be left out. */
  spare?: boolean;
  /** Only for screen readers: the cells speak for themselves. */
  hiddenTitle?: boolean;
  cell: (row: T) => ReactNode;
}

export interface DataTableProps<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
}

function classes<T>(column: Column<T>): string | undefined {
  return [column.numeric && "uw-number", column.secondary && "uw-secondary", column.spare && "uw-spare"].filter(Boolean).join(" ") || undefined;
}

export function DataTable<T>({ caption, columns, rows, rowKey }: DataTableProps<T>) {
  const [first, ...others] = columns;
  return (
    <div className="uw-table-frame">
      <table className="uw-table">
        <caption className="uw-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" className={classes(column)}>
                {column.of ? (
                  <Term of={column.of}>{column.title}</Term>
                ) : (
                  <span className={column.hiddenTitle ? "uw-hidden" : undefined}>{column.title}</span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {first && (
                <th scope="row" className={classes(first)}>
                  {first.cell(row)}
                </th>
              )}
              {others.map((column) => (
                <td key={column.title} className={classes(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
