import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { type Insights, insightsQuery } from "@/data/insights";
import { Button } from "@/parts/button";
import { bytes, count, exactBytes, plural, ratio } from "@/parts/format";
import { Panel } from "@/parts/page";
import { Failure, Notice, Skeleton } from "@/parts/states";
import { insightsRoute } from "../route";
import { Ages } from "./ages";
import { Prefixes } from "./prefixes";
import { Talkers } from "./talkers";

const Growth = lazy(() => import("./growth").then(({ Growth }) => ({ default: Growth })));

export default function InsightsPage() {
  const { bucket } = insightsRoute.useParams();
  const query = useQuery(insightsQuery(bucket));
  const { data } = query;
  return (
    <div className="flex flex-col gap-3 px-4 py-4 pb-10 lg:px-6">
      {query.isError && !data && (
        <Failure
          error={query.error}
          what="The figures of the bucket could not be read."
          since={query.errorUpdatedAt}
          onRetry={() => void query.refetch()}
        />
      )}
      {data && <Figures insights={data} isBusy={query.isFetching} onAnew={() => void query.refetch()} />}
      {query.isPending && <Skeleton className="h-[102px] !rounded-lg" />}
      <Suspense fallback={<Skeleton className="h-[502px] !rounded-lg lg:h-[264px]" />}>
        <Growth bucket={bucket} />
      </Suspense>
      {data && (
        <div className="grid items-start gap-3 xl:grid-cols-2">
          <Prefixes bucket={bucket} insights={data} />
          <div className="flex flex-col gap-3">
            <Ages ages={data.ages} />
            <Talkers talkers={data.talkers} />
          </div>
        </div>
      )}
      {query.isPending && <Skeleton className="h-72 !rounded-lg" />}
    </div>
  );
}

function Figures({ insights, isBusy, onAnew }: { insights: Insights; isBusy: boolean; onAnew: () => void }) {
  const { covers, as_of } = insights;
  const figures = [
    ["Objects", count(insights.objects), undefined],
    ["Versions", count(insights.versions), undefined],
    ["Logical", bytes(insights.bytes), exactBytes(insights.bytes)],
    ["Distinct contents", bytes(insights.stored_bytes), exactBytes(insights.stored_bytes)],
    [
      "Deduplication",
      insights.dedup_ratio === null || insights.dedup_ratio === undefined ? "–" : ratio(insights.dedup_ratio),
      "The bytes that clients wrote, for each byte of distinct contents",
    ],
  ] as const;
  return (
    <Panel
      title="Figures of the bucket"
      aside={
        <>
          <span className="font-mono">as of #{count(as_of)}</span>
          <Button isSmall isBusy={isBusy} onClick={onAnew}>
            Count again
          </Button>
        </>
      }
    >
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 md:grid-cols-5">
        {figures.map(([title, value, exact]) => (
          <div key={title} title={exact}>
            <dt className="text-xs text-muted">{title}</dt>
            <dd className="text-xl font-semibold tracking-[-0.01em] tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {typeof covers !== "string" && !covers.is_complete && (
        <div className="mt-3">
          <Notice>
            Prefixes and ages count the first {plural(covers.objects, "object")} in the order of keys; the
            bucket has more. The figures above count all.
          </Notice>
        </div>
      )}
    </Panel>
  );
}
