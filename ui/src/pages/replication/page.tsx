import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Globe } from "lucide-react";
import { regionQuery } from "@/data/status";
import { buttonClass } from "@/parts/button";
import { Facts, Page, Panel } from "@/parts/page";
import { Empty, Failure, SkeletonRows } from "@/parts/states";

/** What there is of regions: the API knows of one, and of no rules between regions. */
export default function ReplicationPage() {
  const region = useQuery(regionQuery);
  return (
    <Page title="Replication" about="Regions, and replication between them">
      <div className="flex flex-col gap-4">
        <Panel title="This region">
          {region.isPending && <SkeletonRows rows={4} height={28} />}
          {region.isError && (
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
                [
                  "Level of events",
                  `${region.data.level} of ${region.data.known_level} that this release knows`,
                ],
                ["Release", region.data.release],
              ]}
            />
          )}
        </Panel>
        <Panel>
          <Empty
            icon={Globe}
            title="This store has one region"
            action={
              <Link to="/nodes" className={buttonClass()}>
                Nodes and zones
              </Link>
            }
          >
            This release replicates within a region: every content is on several nodes, in several zones. It
            copies nothing to other regions.
          </Empty>
        </Panel>
      </div>
    </Page>
  );
}
