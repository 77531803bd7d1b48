import { useInfiniteQuery } from "@tanstack/react-query";
import { RotateCw, ShieldCheck } from "lucide-react";
import { useEffect, useMemo } from "react";
import { type AccessRecord, accessQuery, refreshAccess } from "@/data/access-log";
import { AuditTabs } from "@/parts/audit-tabs";
import { Button } from "@/parts/button";
import { plural } from "@/parts/format";
import { QUIET_LINK } from "@/parts/link";
import { Page } from "@/parts/page";
import { Empty, Failure, Notice, SkeletonRows } from "@/parts/states";
import { Table } from "@/parts/table";
import { COLUMNS } from "./columns";
import { Filters } from "./filters";
import { accessRoute } from "./route";

/** Pages without a record that are looked through before somebody is asked whether to go on. */
const EMPTY_PAGES_MAX = 20;

/** What left no event: refused requests, logins that failed, and reads. */
export default function AccessPage() {
  const { kind, bucket, user, address, since } = accessRoute.useSearch();
  const search = { kind, bucket, user, address, since };
  const list = useInfiniteQuery(accessQuery(search));
  const records = useMemo(() => list.data?.pages.flatMap((page) => page.records) ?? [], [list.data]);
  const dropped = list.data?.pages.reduce((sum, page) => sum + page.dropped, 0) ?? 0;
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = list;
  const pages = list.data?.pages.length ?? 0;
  const more = () => {
    if (hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage();
  };
  // What a filter leaves may lie far back: pages without a record are passed over.
  const isLooking = records.length === 0 && hasNextPage && pages < EMPTY_PAGES_MAX && !list.isError;
  useEffect(() => {
    if (isLooking && !isFetching) void fetchNextPage();
  }, [isLooking, isFetching, fetchNextPage]);
  return (
    <Page
      title="Refused requests and reads"
      heading="Audit"
      isFull
      about="What changed nothing is not on the log: these records are kept beside it for a while"
      actions={
        <Button icon={RotateCw} isBusy={isFetching && !list.isFetchingNextPage} onClick={refreshAccess}>
          Refresh
        </Button>
      }
    >
      <AuditTabs />
      <Filters search={search} />
      {dropped > 0 && (
        <div className="px-4 pb-2.5 lg:px-6">
          <Notice tone="warning">
            {plural(dropped, "request")} of this time {dropped === 1 ? "has" : "have"} no record, because
            there were too many at once.
          </Notice>
        </div>
      )}
      {list.isPending || isLooking ? (
        <SkeletonRows rows={16} />
      ) : list.isError && records.length === 0 ? (
        <Failure
          error={list.error}
          what="The records could not be read."
          since={list.errorUpdatedAt}
          onRetry={() => void list.refetch()}
        />
      ) : records.length === 0 ? (
        <Empty
          icon={ShieldCheck}
          title={hasNextPage ? "Nothing found so far" : "Nothing of this was recorded"}
          action={hasNextPage && <Button onClick={more}>Search further back</Button>}
        >
          Refused requests and failed logins are always recorded. Reads are recorded of buckets whose settings
          ask for it.
        </Empty>
      ) : (
        <Table
          label="What left no event, the newest first"
          columns={COLUMNS}
          items={records}
          idOf={idOf}
          onEnd={more}
          foot={
            <p className="px-4 py-3 text-center text-xs text-muted lg:px-6">
              {isFetchNextPageError ? (
                <button type="button" className={QUIET_LINK} onClick={() => void fetchNextPage()}>
                  Earlier records could not be loaded. Try again
                </button>
              ) : hasNextPage ? (
                "Searching further back"
              ) : (
                "There is nothing before."
              )}
            </p>
          }
        />
      )}
    </Page>
  );
}

const idOf = ({ place }: AccessRecord) => place;
