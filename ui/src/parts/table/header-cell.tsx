import { ArrowDown, ArrowUp } from "lucide-react";
import { cx } from "../class";
import type { Column } from "./table";

export function HeaderCell<Item>({
  column,
  sorted,
  onSort,
}: {
  column: Column<Item>;
  sorted?: { desc: boolean };
  onSort: () => void;
}) {
  const Arrow = sorted?.desc ? ArrowDown : ArrowUp;
  const sort = sorted === undefined ? undefined : sorted.desc ? "descending" : "ascending";
  return (
    // biome-ignore lint/a11y/useSemanticElements: the table is a grid of blocks.
    // biome-ignore lint/a11y/useFocusableInteractive: the button inside has the focus.
    <div
      role="columnheader"
      aria-sort={sort}
      className={cx(
        "flex min-w-0 items-center px-1.5 text-xs font-medium text-muted",
        column.isRight && "justify-end",
        column.isApart && "pl-6",
      )}
    >
      {column.head ??
        (column.by === undefined ? (
          <span className="truncate">{column.title}</span>
        ) : (
          <button type="button" onClick={onSort} className="flex min-w-0 items-center gap-1 hover:text-text">
            <span className="truncate">{column.title}</span>
            {sorted && <Arrow size={12} aria-hidden className="shrink-0" />}
          </button>
        ))}
    </div>
  );
}
