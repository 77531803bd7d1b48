import { File, FileX, Folder } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, type ReactNode, useMemo } from "react";
import type { Row } from "@/data/s3/listing";
import { Tag } from "@/parts/badge";
import { Checkbox } from "@/parts/field";
import { bytes, exactBytes, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { type Column, Table } from "@/parts/table";
import { Ago } from "@/parts/time";
import { idOf, nameOf } from "../rows";
import { all, extended, NOTHING, type Selection, toggled } from "../selection";

export interface ListProps {
  readonly rows: readonly Row[];
  readonly folder: string;
  /** Whether all rows are loaded: then they can be sorted. */
  readonly isWhole: boolean;
  readonly selection: Selection;
  readonly onSelection: (selection: Selection) => void;
  readonly onOpen: (row: Row) => void;
  readonly onDelete: () => void;
  readonly onEnd: () => void;
  readonly openId?: string;
  readonly foot: ReactNode;
}

/** The rows of a folder. Space selects, Shift extends, Ctrl A takes all, Enter opens. */
export function List(props: ListProps) {
  const { rows, folder, isWhole, selection, onSelection, onOpen, onDelete, onEnd, openId, foot } = props;
  const order = useMemo(() => rows.map(idOf), [rows]);
  const columns = useColumns({ folder, isWhole, selection, onSelection, order });
  const onClick = (event: MouseEvent) => {
    if (!event.shiftKey && !event.ctrlKey && !event.metaKey) return;
    const id = rowOf(event.target);
    if (id === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onSelection(event.shiftKey ? extended(selection, order, id) : toggled(selection, id));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const id = rowOf(document.activeElement);
    if (event.key === "a" && (event.ctrlKey || event.metaKey)) onSelection(all(order));
    else if (event.key === "Escape" && selection.ids.size > 0) onSelection(NOTHING);
    else if (event.key === "Delete" && selection.ids.size > 0) onDelete();
    else if (event.key === " " && id !== undefined && event.target === document.activeElement)
      onSelection(event.shiftKey ? extended(selection, order, id) : toggled(selection, id));
    else if (event.shiftKey && /^Arrow(Up|Down)$/.test(event.key) && id !== undefined) {
      const from = rowOf(event.target);
      const begun = selection.anchor === undefined && from ? { ...selection, anchor: from } : selection;
      onSelection(extended(begun, order, id));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the rows inside have the focus.
    <div className="flex min-h-0 flex-1 select-none" onClickCapture={onClick} onKeyDown={onKeyDown}>
      <Table
        label="Objects"
        columns={columns}
        items={rows as Row[]}
        idOf={idOf}
        onOpen={onOpen}
        openId={openId}
        selected={selection.ids}
        onEnd={onEnd}
        foot={foot}
      />
    </div>
  );
}

function rowOf(target: EventTarget | null): string | undefined {
  if (!(target instanceof Element)) return undefined;
  return target.closest<HTMLElement>("[data-row]")?.dataset.id;
}

interface ColumnsFor {
  readonly folder: string;
  readonly isWhole: boolean;
  readonly selection: Selection;
  readonly onSelection: (selection: Selection) => void;
  readonly order: readonly string[];
}

function useColumns({ folder, isWhole, selection, onSelection, order }: ColumnsFor): Column<Row>[] {
  return useMemo(() => {
    const isAll = order.length > 0 && selection.ids.size === order.length;
    const sorted = <T,>(by: T) => (isWhole ? by : undefined);
    return [
      {
        id: "select",
        title: "Selected",
        size: "2.25rem",
        head: (
          <Check
            label="Select all shown objects"
            isChecked={isAll}
            isMixed={selection.ids.size > 0 && !isAll}
            onChange={() => onSelection(isAll ? NOTHING : all(order))}
          />
        ),
        cell: (row) => (
          <Check
            label={`Select ${visible(nameOf(row, folder))}`}
            isChecked={selection.ids.has(idOf(row))}
            onChange={() => onSelection(toggled(selection, idOf(row)))}
          />
        ),
      },
      {
        id: "name",
        title: "Name",
        size: "minmax(12rem, 1fr)",
        by: sorted((row: Row) => row.key),
        cell: (row) => <Name row={row} name={nameOf(row, folder)} />,
      },
      {
        id: "size",
        title: "Size",
        size: "6rem",
        isRight: true,
        by: sorted((row: Row) => (row.kind === "object" ? row.size : null)),
        cell: (row) =>
          row.kind === "object" ? <span title={exactBytes(row.size)}>{bytes(row.size)}</span> : null,
      },
      {
        id: "modified",
        title: "Modified",
        size: "8.5rem",
        isRight: true,
        by: sorted((row: Row) => (row.kind === "folder" ? null : Date.parse(row.modified))),
        cell: (row) => (row.kind === "folder" ? null : <Ago time={row.modified} className="text-muted" />),
      },
    ];
  }, [folder, isWhole, selection, onSelection, order]);
}

/** A checkbox in the middle of its row. */
function Check(props: { label: string; isChecked: boolean; isMixed?: boolean; onChange: () => void }) {
  return (
    <span className="flex items-center">
      <Checkbox {...props} isLabelHidden />
    </span>
  );
}

function Name({ row, name }: { row: Row; name: string }) {
  const Icon = row.kind === "folder" ? Folder : row.kind === "deleted" ? FileX : File;
  return (
    <span className="flex min-w-0 items-center gap-2" title={visible(row.key)}>
      <Icon
        size={16}
        strokeWidth={1.6}
        aria-hidden
        className={row.kind === "folder" ? "shrink-0 text-accent" : "shrink-0 text-muted"}
      />
      <span className={row.kind === "deleted" ? "name truncate text-muted line-through" : "name truncate"}>
        <KeyText name={name} />
      </span>
      {row.kind === "deleted" && <Tag>deleted</Tag>}
      {row.kind === "folder" && <span className="sr-only">folder</span>}
    </span>
  );
}
