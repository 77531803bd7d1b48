import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight, Download, History, RotateCcw, X } from "lucide-react";
import { useMemo, useState } from "react";
import { joinedRows, pastQuery } from "@/data/past";
import { download } from "@/data/s3/links";
import { Button, buttonClass } from "@/parts/button";
import { count, exactTime, moment } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { Empty, explain, Failure, SkeletonRows } from "@/parts/states";
import { Table } from "@/parts/table";
import { complain } from "@/parts/toast/announce";
import { crumbsOf, folderOf } from "../objects/crumbs";
import { NOTHING, type Selection, toggled } from "../objects/selection";
import { columnsFor, idOf } from "./columns";
import { RestoreDialog } from "./restore";

export interface PastProps {
  readonly bucket: string;
  readonly at: string;
  readonly prefix: string;
  readonly onAt: (at: string | undefined) => void;
  readonly onPrefix: (prefix: string) => void;
}

/** What was in a folder at that moment. */
export function Past({ bucket, at, prefix, onAt, onPrefix }: PastProps) {
  const query = useInfiniteQuery(pastQuery(bucket, at, prefix));
  const rows = useMemo(() => joinedRows(query.data?.pages ?? []), [query.data]);
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const [isAsked, setAsked] = useState(false);
  const selected = rows.filter((row) => selection.ids.has(idOf(row)));
  const objects = selected.filter((row) => row.kind === "object");
  const readable = objects.filter((row) => row.isReadable);
  const sequence = query.data?.pages[0]?.at;
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
    at: String(sequence ?? at),
    prefixes: whole ? [prefix] : selected.filter((row) => row.kind === "folder").map(({ key }) => key),
    objects,
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2 lg:px-6">
        <AsOf at={at} shown={sequence} />
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
          what="The past state of the bucket could not be read."
          since={query.errorUpdatedAt}
          onRetry={() => void query.refetch()}
        />
      )}
      {query.isSuccess && rows.length === 0 && (
        <Empty
          icon={History}
          title="This folder was empty"
          action={
            <Link to="/buckets/$bucket" params={{ bucket }} className={buttonClass()}>
              To the current objects
            </Link>
          }
        >
          This folder had no objects at that time.
        </Empty>
      )}
      {rows.length > 0 && (
        <Table
          key={prefix}
          label="Objects at that time"
          columns={columns}
          items={rows}
          idOf={idOf}
          selected={selection.ids}
          onOpen={(row) =>
            row.kind === "folder" ? goTo(row.key) : setSelection(toggled(selection, idOf(row)))
          }
          onEnd={() => query.hasNextPage && !query.isFetching && void query.fetchNextPage()}
          foot={
            <p className="px-4 py-2 text-xs text-muted lg:px-6">
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
function AsOf({ at, shown }: { at: string; shown?: number }) {
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
    <nav aria-label="Folders at that time" className="flex min-w-0 items-center overflow-hidden">
      {[{ name: bucket, prefix: "" }, ...crumbs].map((crumb, at) => (
        <span key={crumb.prefix} className="flex min-w-0 items-center">
          {at > 0 && <ChevronRight size={14} aria-hidden className="shrink-0 text-faint" />}
          <button
            type="button"
            className="name max-w-56 truncate rounded-sm px-1.5 py-0.5 hover:bg-hover"
            onClick={() => onGo(crumb.prefix)}
          >
            <KeyText name={crumb.name || "(no name)"} />
          </button>
        </span>
      ))}
    </nav>
  );
}
