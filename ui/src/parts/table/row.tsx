// biome-ignore-all lint/a11y/useSemanticElements: rows are placed by grid, and only those in view are in the page.
import type { Row, RowData } from "@tanstack/react-table";
import type { CSSProperties } from "react";
import { cx } from "../class";
import type { TableProps, tableParts } from "./table";

export function TableRow<Item extends RowData>({
  row,
  style,
  columns,
  onOpen,
  openId,
  selected,
}: TableProps<Item> & { row: Row<typeof tableParts, Item>; style: CSSProperties }) {
  const isOpen = row.id === openId;
  const isMarked = isOpen || selected?.has(row.id);
  return (
    <div
      role="row"
      tabIndex={onOpen ? 0 : -1}
      data-row
      data-id={row.id}
      aria-selected={isMarked || undefined}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("a,button,label,input")) return;
        onOpen?.(row.original);
      }}
      onKeyDown={(event) =>
        event.key === "Enter" && event.target === event.currentTarget && onOpen?.(row.original)
      }
      className={cx(
        "absolute top-0 left-0 grid w-full items-center border-b border-line px-2.5 lg:px-(--table-inset,1.125rem) outline-offset-[-2px]",
        onOpen && "cursor-default",
        isMarked ? "bg-selected" : onOpen && "hover:bg-hover",
      )}
      style={style}
    >
      {columns.map((column) => (
        <div
          role="cell"
          key={column.id}
          className={cx(
            "min-w-0 truncate px-1.5",
            column.isRight && "text-right tabular-nums",
            column.isApart && "pl-6",
          )}
        >
          {column.cell(row.original)}
        </div>
      ))}
    </div>
  );
}
