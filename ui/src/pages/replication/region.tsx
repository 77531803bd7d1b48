import { useQuery } from "@tanstack/react-query";
import { regionQuery } from "@/data/status";
import { Facts, Panel } from "@/parts/page";
import { Failure, SkeletonRows } from "@/parts/states";

/** The region that this store is. */
export function Region() {
  const region = useQuery(regionQuery);
  return (
    <Panel title="This region">
      {region.isPending && <SkeletonRows rows={3} height={26} />}
      {region.isError && !region.data && (
        <Failure
          error={region.error}
          what="The region could not be read."
          onRetry={() => void region.refetch()}
        />
      )}
      {region.data && (
        <Facts
          facts={[
            [
              "Name",
              <span key="name" className="name font-medium">
                {region.data.name}
              </span>,
            ],
            ["Level of events", `${region.data.level} of ${region.data.known_level} that this release knows`],
            ["Release", region.data.release],
          ]}
        />
      )}
    </Panel>
  );
}
