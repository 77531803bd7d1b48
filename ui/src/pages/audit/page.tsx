import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download, FileClock, RotateCw } from "lucide-react";
import { useEffect, useMemo } from "react";
import { auditQuery, type Done, refreshAudit, sealQuery } from "@/data/audit";
import { usePosition } from "@/data/feed";
import { AuditTabs } from "@/parts/audit-tabs";
import { Button } from "@/parts/button";
import { plural } from "@/parts/format";
import { QUIET_LINK } from "@/parts/link";
import { Page } from "@/parts/page";
import { useActions } from "@/parts/palette/actions";
import { saveText } from "@/parts/secret";
import { Empty, Failure, Notice, SkeletonRows } from "@/parts/states";
import { Table } from "@/parts/table";
import { columnsFor } from "./columns";
import { Filters } from "./filters";
import { ndjson } from "./ndjson";
import { auditRoute } from "./route";
import { SealState } from "./seal";

/** Pages without an entry that are looked through before somebody is asked whether to go on. */
const EMPTY_PAGES_MAX = 20;

export default function AuditPage() {
  const { user, access_key, bucket, key, prefix, since, until } = auditRoute.useSearch();
  const { event: openSequence } = useSearch({ from: "__root__" });
  const navigate = useNavigate({ from: auditRoute.fullPath });
  const search = { user, access_key, bucket, key, prefix, since, until };
  const list = useInfiniteQuery(auditQuery(search));
  const { data: seal } = useQuery(sealQuery);
  const position = usePosition();
  const entries = useMemo(() => list.data?.pages.flatMap((page) => page.entries) ?? [], [list.data]);
  const columns = useMemo(() => columnsFor(seal?.covered), [seal?.covered]);
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = list;
  const pages = list.data?.pages.length ?? 0;
  const more = () => {
    if (hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage();
  };
  // What a filter leaves may lie far back: pages without an entry are passed over.
  const isLooking = entries.length === 0 && hasNextPage && pages < EMPTY_PAGES_MAX && !list.isError;
  useEffect(() => {
    if (isLooking && !isFetching) void fetchNextPage();
  }, [isLooking, isFetching, fetchNextPage]);
  const asOf = list.data?.pages[0]?.as_of;
  const newer = asOf === undefined || until !== undefined ? 0 : Math.max(0, position - asOf);
  const save = () => saveText(`audit-${asOf ?? 0}.ndjson`, ndjson(entries));
  useActions([{ title: "Export what the audit shows", run: save }]);
  return (
    <Page
      title="Audit"
      isFull
      about={<SealState />}
      actions={
        <>
          {/* A label that grew with the log would move the page. */}
          <Button
            icon={RotateCw}
            isBusy={list.isFetching && !list.isFetchingNextPage}
            title={newer > 0 ? `${plural(newer, "event is", "events are")} newer on the log` : undefined}
            onClick={refreshAudit}
          >
            Refresh
          </Button>
          <Button
            icon={Download}
            disabled={entries.length === 0}
            title="Saves the entries that are shown as JSON, one per line"
            onClick={save}
          >
            Export {entries.length > 0 ? plural(entries.length, "entry", "entries") : "NDJSON"}
          </Button>
        </>
      }
    >
      <AuditTabs />
      <Filters search={search} />
      {list.isPending || isLooking ? (
        <SkeletonRows rows={16} />
      ) : list.isError && entries.length === 0 ? (
        <Failure
          error={list.error}
          what="The log could not be searched."
          since={list.errorUpdatedAt}
          onRetry={() => void list.refetch()}
        />
      ) : entries.length === 0 ? (
        <Empty
          icon={FileClock}
          title={hasNextPage ? "Nothing found so far" : "No entry matches"}
          action={hasNextPage && <Button onClick={more}>Search further back</Button>}
        >
          The log records every change of the store and the user who made it.
        </Empty>
      ) : (
        <Table
          label="Changes, the newest first"
          columns={columns}
          items={entries}
          idOf={idOf}
          openId={openSequence === undefined ? undefined : String(openSequence)}
          onOpen={({ sequence }) =>
            void navigate({ search: (before) => ({ ...before, event: sequence }), replace: true })
          }
          onEnd={more}
          foot={
            isFetchNextPageError ? (
              <div className="p-3">
                <Notice tone="danger">
                  Earlier entries could not be loaded.{" "}
                  <button type="button" className={QUIET_LINK} onClick={() => void fetchNextPage()}>
                    Try again
                  </button>
                </Notice>
              </div>
            ) : (
              <Foot isMore={hasNextPage} isLoading={list.isFetchingNextPage} onMore={more} />
            )
          }
        />
      )}
    </Page>
  );
}

const idOf = ({ sequence }: Done) => String(sequence);

function Foot({ isMore, isLoading, onMore }: { isMore: boolean; isLoading: boolean; onMore: () => void }) {
  return (
    <p className="px-4 py-3 text-center text-xs text-muted lg:px-6">
      {isLoading ? (
        "Searching further back"
      ) : isMore ? (
        <button type="button" className={QUIET_LINK} onClick={onMore}>
          Search further back
        </button>
      ) : (
        "There are no earlier entries."
      )}
    </p>
  );
}
