// biome-ignore-all lint/a11y/useSemanticElements: rows are placed by grid, and only those in view are in the page.
import {
  type ColumnDef,
  createSortedRowModel,
  type Row,
  type RowData,
  rowSortingFeature,
  type SortingState,
  sortFn_alphanumeric,
  sortFn_basic,
  sortFn_text,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { cx } from "../class";
import { HeaderCell } from "./header-cell";
import { moveByKeys } from "./keys";
import { TableRow } from "./row";

export const tableParts = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic, text: sortFn_text },
});

/** A column. `size` is a width in CSS: `minmax(12rem, 2fr)`, `8rem`. */
export interface Column<Item> {
  readonly id: string;
  readonly title: string;
  readonly size: string;
  readonly cell: (item: Item) => ReactNode;
  /** What it is sorted by; without it, it cannot be sorted. */
  readonly by?: (item: Item) => string | number | null | undefined;
  /** Numbers stand at the right. */
  readonly isRight?: boolean;
  /** More room before it: for words that follow numbers at the right. */
  readonly isApart?: boolean;
  /** Instead of the title, for columns of checkboxes. */
  readonly head?: ReactNode;
  /** The width of the table from which on it is shown: 640, 860 or 1,080 pixels. */
  readonly from?: "md" | "lg" | "xl";
}

export interface TableProps<Item> {
  /** What the table holds, for those who do not see it. */
  readonly label: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly idOf: (item: Item) => string;
  readonly onOpen?: (item: Item) => void;
  /** The row that is open in a drawer. */
  readonly openId?: string;
  readonly selected?: ReadonlySet<string>;
  readonly initialSort?: { id: string; isDescending?: boolean };
  /** Called when the end comes into view, to load more. */
  readonly onEnd?: () => void;
  /** What is shown below the last row. */
  readonly foot?: ReactNode;
  readonly className?: string;
  readonly rowHeight?: number;
}

const FROM_PX = { md: 640, lg: 860, xl: 1_080 } as const;
const ROW_PX = 36;
const OVERSCAN_ROWS = 12;
/** How close to the end more is loaded, in rows. */
const END_ROWS = 20;

const COLLATOR = new Intl.Collator("en", { numeric: true });

/**
 * A table of any length: only the rows in view are in the page. Arrow keys, `j` and `k` move between rows, Enter opens.
 */
export function Table<Item extends RowData>(props: TableProps<Item>) {
  const { label, columns: all, items, idOf, initialSort, onEnd, className, rowHeight = ROW_PX } = props;
  const place = useRef<HTMLDivElement>(null);
  const [sorting, setSorting] = useState<SortingState>(
    initialSort ? [{ id: initialSort.id, desc: initialSort.isDescending ?? false }] : [],
  );
  const [definitions] = useState(
    () => new WeakMap<readonly Column<Item>[], ColumnDef<typeof tableParts, Item>[]>(),
  );
  const table = useTable({
    features: tableParts,
    data: items as Item[],
    columns: definitionsOf(all, definitions),
    getRowId: idOf,
    state: { sorting },
    onSortingChange: setSorting,
    enableMultiSort: false,
  });
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN_ROWS,
    getItemKey: (index) => rows[index]?.id ?? index,
    onChange: (instance) => {
      const last = instance.range?.endIndex ?? 0;
      if (onEnd && rows.length > 0 && last >= rows.length - END_ROWS) onEnd();
    },
  });
  const width = useWidth(place);
  const columns = all.filter(({ from }) => from === undefined || width >= FROM_PX[from]);
  const template = columns.map((column) => column.size).join(" ");
  const style = { gridTemplateColumns: template };
  return (
    // Rows that are not opened do not take the focus, and what scrolls has to be reachable by keyboard.
    <div
      ref={place}
      tabIndex={props.onOpen ? undefined : 0}
      className={cx(
        "min-h-0 flex-1 overflow-auto border-t border-line bg-surface text-table outline-offset-[-2px]",
        className,
      )}
    >
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} onKeyDown={moveByKeys}>
        <div role="rowgroup" className="sticky top-0 z-10 min-w-fit bg-surface">
          {/* biome-ignore lint/a11y/useFocusableInteractive: a row of headings is not opened. */}
          <div
            role="row"
            aria-rowindex={1}
            className="grid h-9 items-center border-b border-line px-2.5 lg:px-(--table-inset,1.125rem)"
            style={style}
          >
            {columns.map((column) => (
              <HeaderCell
                key={column.id}
                column={column}
                sorted={sorting.find(({ id }) => id === column.id)}
                onSort={() => table.getColumn(column.id)?.toggleSorting()}
              />
            ))}
          </div>
        </div>
        <div role="rowgroup" className="relative min-w-fit" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return row === undefined ? null : (
              <TableRow
                key={row.id}
                {...props}
                columns={columns}
                row={row}
                style={{ ...style, height: item.size, transform: `translateY(${item.start}px)` }}
              />
            );
          })}
        </div>
      </div>
      {props.foot}
    </div>
  );
}

/** The width of a table, which changes when a drawer opens beside it. */
function useWidth(place: RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(Number.POSITIVE_INFINITY);
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [place]);
  return width;
}

function definitionsOf<Item extends RowData>(
  columns: readonly Column<Item>[],
  known: WeakMap<readonly Column<Item>[], ColumnDef<typeof tableParts, Item>[]>,
): ColumnDef<typeof tableParts, Item>[] {
  const before = known.get(columns);
  if (before !== undefined) return before;
  const made = columns.map(
    (column): ColumnDef<typeof tableParts, Item> => ({
      id: column.id,
      accessorFn: (item: Item) => column.by?.(item) ?? undefined,
      enableSorting: column.by !== undefined,
      sortUndefined: "last",
      sortFn: (a: Row<typeof tableParts, Item>, b: Row<typeof tableParts, Item>, id: string) =>
        compare(a.getValue(id), b.getValue(id)),
    }),
  );
  known.set(columns, made);
  return made;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return COLLATOR.compare(String(a), String(b));
}
