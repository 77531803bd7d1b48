import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { statusQuery } from "@/data/status";
import { ChartsTogether } from "@/parts/chart/hover";
import { duration } from "@/parts/format";
import { Page } from "@/parts/page";
import { Failure, Skeleton } from "@/parts/states";
import { ActiveUsers, LastEvents } from "./lately";
import { NodeCards } from "./node-cards";
import { StateOfStore } from "./state";

// The sentence comes first; charts are heavier.
const Traffic = lazy(() => import("./traffic").then(({ Traffic }) => ({ default: Traffic })));
const Stored = lazy(() => import("./stored").then(({ Stored }) => ({ default: Stored })));

export default function OverviewPage() {
  const { data: status, error, isError, refetch, errorUpdatedAt } = useQuery(statusQuery);
  return (
    <Page
      title="Overview"
      about={status && `Release ${status.version}, up for ${duration(status.uptime_seconds)}`}
    >
      {isError && !status ? (
        <Failure
          error={error}
          what="The state of the store could not be read."
          since={errorUpdatedAt}
          onRetry={() => void refetch()}
        />
      ) : (
        <ChartsTogether>
          <div className="flex flex-col gap-5">
            {status ? <StateOfStore status={status} /> : <Skeleton className="h-14 !rounded-lg" />}
            <Suspense fallback={<Skeleton className="h-[15.5rem] !rounded-lg" />}>
              <Traffic />
            </Suspense>
            {status ? <NodeCards status={status} /> : <Skeleton className="h-28 !rounded-lg" />}
            <Suspense fallback={<Skeleton className="h-60 !rounded-lg" />}>
              {status ? <Stored status={status} /> : <Skeleton className="h-60 !rounded-lg" />}
            </Suspense>
            <div className="grid items-start gap-3 lg:grid-cols-3">
              <LastEvents />
              <ActiveUsers />
            </div>
          </div>
        </ChartsTogether>
      )}
    </Page>
  );
}
