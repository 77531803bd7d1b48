import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { linksQuery, replicationQuery, type Way } from "@/data/replication";
import { type May, useMay } from "@/data/rights";
import { regionQuery } from "@/data/status";
import { workersQuery } from "@/data/workers";
import { Button } from "@/parts/button";
import { plural } from "@/parts/format";
import { useOnce } from "@/parts/latch";
import { Page } from "@/parts/page";
import { useActions } from "@/parts/palette/actions";
import { Skeleton } from "@/parts/states";
import { AddLink } from "./add-link";
import { Destinations } from "./destinations";
import { Failures } from "./failures";
import { LagChart } from "./lag-chart";
import { Links } from "./links";
import { Region } from "./region";
import { Resync } from "./resync";
import { replicationRoute } from "./route";
import type { Around } from "./way-state";

/** The name of the worker that replicates. */
const WORKER = "replicate";

/** Links to other regions, what is replicated by them, and how far it is. */
export default function ReplicationPage() {
  const { add } = replicationRoute.useSearch();
  const navigate = useNavigate({ from: replicationRoute.fullPath });
  const may = useMay();
  const { links, list, ways, around, isReady } = useAsked(may);
  const [compared, setCompared] = useState<Way>();
  const setAdding = (is: boolean) =>
    void navigate({ search: (before) => ({ ...before, add: is || undefined }), replace: true });
  const open = () => setAdding(true);
  useActions(may("addLink") ? [{ title: "Add a link to another region", run: open }] : []);
  const onCompare = may("resyncReplication") ? setCompared : undefined;
  return (
    <Page
      title="Replication"
      about={aboutOf(links.data?.length, ways?.length, list.hasNextPage)}
      actions={
        may("addLink") && (
          <Button look="primary" icon={Plus} onClick={open}>
            Add link
          </Button>
        )
      }
    >
      {isReady ? (
        <div className="flex flex-col gap-4">
          <div className="grid items-start gap-4 lg:grid-cols-[minmax(17rem,1fr)_minmax(0,3fr)]">
            {may("getRegion") && <Region />}
            {may("listLinks") && <Links query={links} ways={ways} />}
          </div>
          <Destinations query={list} ways={ways} around={around} onCompare={onCompare} />
          {ways && ways.length > 0 && (
            <LagChart ways={ways} at={list.dataUpdatedAt} isPaused={around.isPaused} />
          )}
          {may("listReplication") && <Failures ways={ways} onCompare={onCompare} />}
        </div>
      ) : (
        <div className="flex flex-col gap-4" aria-busy="true">
          <Skeleton className="h-36 !rounded-lg" />
          <Skeleton className="h-60 !rounded-lg" />
          <Skeleton className="h-52 !rounded-lg" />
        </div>
      )}
      <AddLink isOpen={add ?? false} links={links.data} ways={ways} onClose={() => setAdding(false)} />
      <Resync way={compared} onClose={() => setCompared(undefined)} />
    </Page>
  );
}

/** What the page asks for. Its parts are shown together: one after the other they would move each other. */
function useAsked(may: May) {
  const region = useQuery({ ...regionQuery, enabled: may("getRegion") });
  const links = useQuery({ ...linksQuery, enabled: may("listLinks") });
  const workers = useQuery({ ...workersQuery, enabled: may("listWorkers") });
  const list = useInfiniteQuery(replicationQuery);
  const ways = useMemo(() => list.data?.pages.flatMap(({ destinations }) => destinations), [list.data]);
  const replicators = workers.data?.filter(({ worker }) => worker === WORKER) ?? [];
  const around: Around = {
    isRunning: list.data?.pages.some(({ is_running }) => is_running) ?? false,
    isPaused: replicators.length > 0 && replicators.every(({ state }) => state.name === "paused"),
    links: links.data,
  };
  const isReady = useOnce(![region, links, workers, list].some((asked) => asked.isLoading));
  return { links, list, ways, around, isReady };
}

function aboutOf(links: number | undefined, ways: number | undefined, isMore: boolean): string | undefined {
  const parts = [
    links === undefined ? undefined : plural(links, "link"),
    ways === undefined ? undefined : `${plural(ways, "destination")}${isMore ? " and more" : ""}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(", ");
}
