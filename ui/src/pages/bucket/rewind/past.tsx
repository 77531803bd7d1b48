import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight, Download, File, FileX, Folder, History, RotateCcw, X } from "lucide-react";
import { useMemo, useState } from "react";
import { type PastRow, pastQuery } from "@/data/past";
import { download } from "@/data/s3/links";
import { Tag } from "@/parts/badge";
import { Button, buttonClass } from "@/parts/button";
import { Checkbox } from "@/parts/field";
import { bytes, count, exactBytes, exactTime, moment } from "@/parts/format";
import { Empty, explain, Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { complain } from "@/parts/toast/announce";
import { crumbsOf, folderOf, nameIn } from "../objects/crumbs";
import { NOTHING, type Selection, toggled } from "../objects/selection";
import { RestoreDialog } from "./restore";

export interface PastProps {
  readonly bucket: string;
  readonly at: string;
  readonly prefix: string;
  readonly onAt: (at: string | undefined) => void;
  readonly onPrefix: (prefix: string) => void;
}

const idOf = (row: PastRow) => `${row.kind} ${row.key}`;

/** What was in a folder at that moment. */
export function Past({ bucket, at, prefix, onAt, onPrefix }: PastProps) {
  const query = useInfiniteQuery(pastQuery(bucket, at, prefix));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const [isAsked, setAsked] = useState(false);
  const selected = rows.filter((row) => selection.ids.has(idOf(row)));
  const readable = selected.filter((row) => row.kind === "object").filter((row) => row.isReadable);
  const columns = useMemo(() => columnsFor(folderOf(prefix), selection, setSelection), [prefix, selection]);
  const goTo = (to: string) => {
    setSelection(NOTHING);
    onPrefix(to);
  };
  const save = () =>
    void download(readable.map(({ key, versionId }) => ({ bucket, key, versionId }))).catch(
      (error: unknown) => complain(explain(error)),
    );
  const whole = selected.length === 0;
  const wanted = {
    bucket,
    at,
    prefixes: whole ? [prefix] : selected.filter((row) => row.kind === "folder").map(({ key }) => key),
    objects: whole ? [] : readable.map(({ key, versionId }) => ({ key, versionId })),
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2 lg:px-6">
        <AsOf at={at} shown={query.data?.pages[0]?.at} />
        <Crumbs bucket={bucket} prefix={prefix} onGo={goTo} />
        <div className="ml-auto flex flex-wrap items-center gap-2">
          {readable.length > 0 && (
            <Button icon={Download} onClick={save}>
              Download
            </Button>
          )}
          <Button icon={RotateCcw} look="primary" disabled={rows.length === 0} onClick={() => setAsked(true)}>
            {whole ? (prefix === "" ? "Restore all" : "Restore this folder") : "Restore selected"}
          </Button>
          <Button icon={X} onClick={() => onAt(undefined)}>
            Another moment
          </Button>
        </div>
      </div>
      {query.isPending && <SkeletonRows rows={14} />}
      {query.isError && (
        <Failure
          error={query.error}
          what="The bucket of that moment could not be shown."
          since={query.errorUpdatedAt}
          onRetry={() => void query.refetch()}
        />
      )}
      {query.isSuccess && rows.length === 0 && (
        <Empty
          icon={History}
          title="There was nothing here"
          action={
            <Link to="/buckets/$bucket" params={{ bucket }} className={buttonClass()}>
              To the objects of now
            </Link>
          }
        >
          At that moment this folder held no object.
        </Empty>
      )}
      {rows.length > 0 && (
        <Table
          key={prefix}
          label="Objects of that moment"
          columns={columns}
          items={rows}
          idOf={idOf}
          selected={selection.ids}
          onOpen={(row) =>
            row.kind === "folder" ? goTo(row.key) : setSelection(toggled(selection, idOf(row)))
          }
          onEnd={() => query.hasNextPage && !query.isFetching && void query.fetchNextPage()}
          foot={
            <p className="px-4 py-2 text-xs text-muted">
              {query.hasNextPage
                ? `${count(rows.length)} shown so far.`
                : `${count(rows.length)} in this folder.`}
            </p>
          }
        />
      )}
      <RestoreDialog
        wanted={wanted}
        isOpen={isAsked}
        onClose={() => setAsked(false)}
        onDone={() => {
          setSelection(NOTHING);
          setAsked(false);
        }}
      />
    </div>
  );
}

/** Which moment is shown. */
function AsOf({ at, shown }: { at: string; shown?: number | string }) {
  const sequence = shown ?? (/^\d+$/.test(at) ? at : undefined);
  return (
    <span className="wash-notice flex h-7 items-center gap-2 rounded-md border border-notice/40 px-2 text-table">
      <History size={14} aria-hidden />
      {!/^\d+$/.test(at) && <span title={exactTime(at)}>as of {moment(at)}</span>}
      {sequence !== undefined && <span className="font-mono text-xs">#{count(Number(sequence))}</span>}
    </span>
  );
}

function Crumbs({ bucket, prefix, onGo }: { bucket: string; prefix: string; onGo: (to: string) => void }) {
  const { crumbs } = crumbsOf(prefix);
  return (
    <nav aria-label="Folders of that moment" className="flex min-w-0 items-center overflow-hidden">
      {[{ name: bucket, prefix: "" }, ...crumbs].map((crumb, at) => (
        <span key={crumb.prefix} className="flex min-w-0 items-center">
          {at > 0 && <ChevronRight size={14} aria-hidden className="shrink-0 text-faint" />}
          <button
            type="button"
            className="name max-w-56 truncate rounded-sm px-1.5 py-0.5 hover:bg-hover"
            onClick={() => onGo(crumb.prefix)}
          >
            {crumb.name || "(no name)"}
          </button>
        </span>
      ))}
    </nav>
  );
}

function columnsFor(
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
            label={`Select ${nameIn(row.key, folder)}`}
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
        row.kind === "object" ? <span title={exactBytes(row.size)}>{bytes(row.size)}</span> : null,
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
  const isGone = row.kind === "object" && !row.isReadable;
  const Icon = row.kind === "folder" ? Folder : isGone ? FileX : File;
  return (
    <span className="flex min-w-0 items-center gap-2" title={row.key}>
      <Icon
        size={16}
        strokeWidth={1.6}
        aria-hidden
        className={row.kind === "folder" ? "shrink-0 text-accent" : "shrink-0 text-muted"}
      />
      <bdi className={isGone ? "name truncate text-muted" : "name truncate"}>{name}</bdi>
      {isGone && <Tag>its bytes are gone</Tag>}
      {row.kind === "folder" && <span className="sr-only">folder</span>}
    </span>
  );
}
