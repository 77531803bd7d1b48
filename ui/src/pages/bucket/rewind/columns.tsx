import { File, FileX, Folder } from "lucide-react";
import type { PastRow } from "@/data/past";
import { Tag } from "@/parts/badge";
import { Checkbox } from "@/parts/field";
import { bytes, exactBytes, exactTime, moment, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import type { Column } from "@/parts/table";
import { nameIn } from "../objects/crumbs";
import { type Selection, toggled } from "../objects/selection";

export const idOf = (row: PastRow) => `${row.kind} ${row.key}`;

/** The columns of what was in a folder. */
export function columnsFor(
  folder: string,
  selection: Selection,
  onSelection: (selection: Selection) => void,
): Column<PastRow>[] {
  return [
    {
      id: "select",
      title: "Selected",
      size: "2.25rem",
      head: <span className="sr-only">Selected</span>,
      cell: (row) => (
        <span className="flex items-center">
          <Checkbox
            label={`Select ${visible(nameIn(row.key, folder))}`}
            isLabelHidden
            isChecked={selection.ids.has(idOf(row))}
            onChange={() => onSelection(toggled(selection, idOf(row)))}
          />
        </span>
      ),
    },
    {
      id: "name",
      title: "Name",
      size: "minmax(12rem, 1fr)",
      cell: (row) => <Name row={row} name={nameIn(row.key, folder) || "(this folder itself)"} />,
    },
    {
      id: "size",
      title: "Size",
      size: "6rem",
      isRight: true,
      cell: (row) =>
        row.kind === "object" && row.size !== undefined ? (
          <span title={exactBytes(row.size)}>{bytes(row.size)}</span>
        ) : null,
    },
    {
      id: "modified",
      title: "Written",
      size: "9rem",
      isRight: true,
      cell: (row) =>
        row.kind === "object" ? (
          <time dateTime={row.modified} title={exactTime(row.modified)} className="text-muted">
            {moment(row.modified)}
          </time>
        ) : null,
    },
  ];
}

function Name({ row, name }: { row: PastRow; name: string }) {
  const isGone = row.kind === "object" && !row.isHeld;
  const Icon = row.kind === "folder" ? Folder : isGone ? FileX : File;
  return (
    <span className="flex min-w-0 items-center gap-2" title={visible(row.key)}>
      <Icon
        size={16}
        strokeWidth={1.6}
        aria-hidden
        className={row.kind === "folder" ? "shrink-0 text-accent" : "shrink-0 text-muted"}
      />
      <span className={isGone ? "name truncate text-muted" : "name truncate"}>
        <KeyText name={name} />
      </span>
      {isGone && <Tag>its bytes are gone</Tag>}
      {row.kind === "object" && row.isHeld && !row.isReadable && <Tag>can be restored</Tag>}
      {row.kind === "folder" && <span className="sr-only">folder</span>}
    </span>
  );
}
