import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { useMemo } from "react";
import type { ReplicatedTo, Way } from "@/data/replication";
import { buttonClass } from "@/parts/button";
import { Code } from "@/parts/copy";
import { Panel } from "@/parts/page";
import { Empty, Failure, Notice, SkeletonRows } from "@/parts/states";
import { Table } from "@/parts/table";
import { useFirstRule } from "./first-rule";
import { idOf, type Row, rowsOf, tableColumns } from "./rows";
import type { Around } from "./way-state";

/** What one reason says at most of those that wait for it. */
const NAMED_MAX = 3;
/** Reasons that are listed at most. */
const REASONS_MAX = 5;

/** The buckets that are replicated, and how far each destination is. */
export function Destinations({
  query,
  ways,
  around,
  onCompare,
}: {
  query: UseInfiniteQueryResult<InfiniteData<unknown>>;
  ways?: readonly ReplicatedTo[];
  around: Around;
  /** Asks whether a destination is to be compared; absent for those who may not. */
  onCompare?: (way: Way) => void;
}) {
  const { isRunning, isPaused, links } = around;
  const rows = useMemo(
    () => rowsOf(ways ?? [], { isRunning, isPaused, links }),
    [ways, isRunning, isPaused, links],
  );
  const columns = useMemo(() => tableColumns(onCompare), [onCompare]);
  return (
    <>
      {rows.length > 0 && <Standstill isRunning={isRunning} isPaused={isPaused} />}
      <Panel
        title="Destinations"
        isFlush
        className="overflow-hidden"
        aside={
          rows.length > 0 && (
            <span className="max-md:hidden">Changes, bytes and seconds say how far behind they are</span>
          )
        }
      >
        {query.isPending ? (
          <SkeletonRows rows={4} />
        ) : query.isError && ways === undefined ? (
          <Failure
            error={query.error}
            what="The destinations could not be listed."
            onRetry={() => void query.refetch()}
          />
        ) : rows.length === 0 ? (
          <None around={around} />
        ) : (
          <>
            <Table
              label="Destinations"
              className="-mb-px max-h-[30rem] [--compare:3rem] lg:[--compare:9.5rem]"
              columns={columns}
              items={rows}
              idOf={idOf}
              initialSort={{ id: "bucket" }}
              onEnd={() => query.hasNextPage && !query.isFetchingNextPage && void query.fetchNextPage()}
            />
            <Reasons rows={rows} />
          </>
        )}
      </Panel>
    </>
  );
}

/** Says that nothing is sent at all, and what to do about it. */
function Standstill({ isRunning, isPaused }: { isRunning: boolean; isPaused: boolean }) {
  if (!isRunning)
    return (
      <Notice tone="warning">
        <p className="pb-2">
          No process replicates. What is to be sent waits until one does, and nothing of it is left out. This
          starts one:
        </p>
        <Code>planetstore run replicator</Code>
      </Notice>
    );
  if (!isPaused) return null;
  return (
    <Notice tone="warning">
      <span className="flex flex-wrap items-center gap-3">
        <span className="min-w-0 flex-1">
          Replication is paused. What is to be sent waits until it is resumed.
        </span>
        <Link to="/nodes" className={buttonClass("plain", "small")}>
          Nodes & work
        </Link>
      </span>
    </Notice>
  );
}

/** What destinations wait for, in full. */
function Reasons({ rows }: { rows: readonly Row[] }) {
  const byReason = new Map<string, Row[]>();
  for (const row of rows) {
    const { why } = row.state;
    if (why !== undefined) byReason.set(why, [...(byReason.get(why) ?? []), row]);
  }
  if (byReason.size === 0) return null;
  const more = byReason.size - REASONS_MAX;
  return (
    <ul className="flex flex-col gap-1 border-t border-line px-4 py-2.5 text-table" aria-label="What waits">
      {[...byReason].slice(0, REASONS_MAX).map(([why, waiting]) => (
        <li key={why} className="break-words">
          <span className="text-muted">{namesOf(waiting)}: </span>
          <span className="text-warning">{why}</span>
        </li>
      ))}
      {more > 0 && (
        <li className="text-muted">Others wait for {more === 1 ? "another reason" : "other reasons"}.</li>
      )}
    </ul>
  );
}

function namesOf(rows: readonly Row[]): string {
  const named = rows.slice(0, NAMED_MAX).map(({ bucket, place }) => `${bucket} to ${place}`);
  const more = rows.length - named.length;
  return more > 0 ? `${named.join(", ")} and ${more} more` : named.join(", ");
}

/** What there is instead of destinations. */
function None({ around: { links } }: { around: Around }) {
  const line = useFirstRule(links?.[0]?.name ?? "us-west-2");
  return (
    <Empty
      icon={Send}
      title="No bucket is replicated"
      className="!py-8"
      line={line}
      action={
        <Link to="/buckets" className={buttonClass()}>
          Choose a bucket
        </Link>
      }
    >
      The rules of a bucket say which of its objects are sent to a bucket of another region. They are in the
      settings of the bucket. {links?.length === 0 && "They need a link to that region first. "}
      Both buckets need versioning.
    </Empty>
  );
}
