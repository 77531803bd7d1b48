import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Boxes } from "lucide-react";
import { nodesQuery } from "@/data/nodes";
import { statusQuery } from "@/data/status";
import { workersQuery } from "@/data/workers";
import { Beside } from "@/parts/drawer";
import { plural } from "@/parts/format";
import { Page, Panel } from "@/parts/page";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { NodeDrawer } from "./node-drawer";
import { NodeTable } from "./node-table";
import { nodesRoute } from "./route";
import { ShardAuditPanel } from "./shard-audit";
import { stateOf } from "./states";
import { Work } from "./work";

export default function NodesPage() {
  const { node: openName } = nodesRoute.useSearch();
  const navigate = useNavigate({ from: nodesRoute.fullPath });
  const { data: nodes, isPending, isError, error, errorUpdatedAt, refetch } = useQuery(nodesQuery);
  const { data: status } = useQuery(statusQuery);
  const { isPending: isWorkPending } = useQuery(workersQuery);
  const open = nodes?.find((node) => node.name === openName);
  const show = (node: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, node }), replace: true });
  const online = nodes?.filter((node) => stateOf(node).tone === "ok").length ?? 0;
  return (
    <Page
      title="Nodes & work"
      isFull
      about={
        nodes && `${online} of ${plural(nodes.length, "node")} ${online === 1 ? "serves" : "serve"} normally`
      }
    >
      <Beside
        drawer={
          openName !== undefined && (
            <NodeDrawer
              name={openName}
              node={open}
              isPending={isPending}
              status={status}
              onClose={() => show(undefined)}
            />
          )
        }
      >
        <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto px-4 pb-8 lg:px-6">
          {isPending ? (
            <Panel isFlush>
              <SkeletonRows rows={7} />
            </Panel>
          ) : isError && !nodes ? (
            <Failure
              error={error}
              what="The nodes could not be listed."
              since={errorUpdatedAt}
              onRetry={() => void refetch()}
            />
          ) : nodes?.length === 0 ? (
            <Empty icon={Boxes} title="No node has joined" line="planetstore run node --help">
              A node stores shards on a disk. With six nodes, any two can be lost.
            </Empty>
          ) : (
            nodes && <NodeTable nodes={nodes} openName={openName} onOpen={(node) => show(node.name)} />
          )}
          <Work />
          {/* Where it stands is known once the work above it is. */}
          {!isWorkPending && <ShardAuditPanel />}
        </div>
      </Beside>
    </Page>
  );
}
