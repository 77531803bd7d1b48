import { useQuery } from "@tanstack/react-query";
import { Navigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Refused } from "@/data/http";
import { type Status, statusQuery } from "@/data/status";
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
  if (error instanceof Refused && error.status === 403) return <ToBuckets />;
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
        <ChartsTogether>{status ? <Sections status={status} /> : <Loading />}</ChartsTogether>
      )}
    </Page>
  );
}

/** Whoever may not see the state of the store has buckets to look at, unless they have already left for another page. */
function ToBuckets() {
  const isHere = useRouterState({ select: ({ location }) => location.pathname === "/" });
  return isHere && <Navigate to="/buckets" replace />;
}

function Sections({ status }: { status: Status }) {
  return (
    <div className="flex flex-col gap-5">
      <StateOfStore status={status} />
      <Suspense fallback={<Skeleton className="h-[740px] lg:h-[264px] !rounded-lg" />}>
        <Traffic />
      </Suspense>
      <NodeCards status={status} />
      <Suspense fallback={<Skeleton className="h-[542px] lg:h-[282px] !rounded-lg" />}>
        <Stored status={status} />
      </Suspense>
      <div className="grid items-start gap-3 lg:grid-cols-3">
        <LastEvents />
        <ActiveUsers />
      </div>
    </div>
  );
}

/** Everything comes at once with the state: how much of it needs somebody is known only then. */
function Loading() {
  return (
    <div className="flex flex-col gap-5" aria-busy="true">
      <Skeleton className="h-14 !rounded-lg" />
      <Skeleton className="h-[740px] lg:h-[264px] !rounded-lg" />
      <Skeleton className="h-28 !rounded-lg" />
    </div>
  );
}
