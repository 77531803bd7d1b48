import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type LogEvent, sequenceOf } from "@/data/event";
import { type Node, nodeHistoryQuery } from "@/data/nodes";
import type { Status } from "@/data/status";
import { EventType } from "@/parts/badge";
import { Disk } from "@/parts/disk";
import { Drawer } from "@/parts/drawer";
import { bytes, count, duration, exactTime, milliseconds, plural } from "@/parts/format";
import { Facts } from "@/parts/page";
import { Notice, SkeletonRows } from "@/parts/states";
import { Ago } from "@/parts/time";
import { NodeActions } from "./node-actions";
import { Scrub } from "./scrub";
import { NodeState, stateOf } from "./states";

/** All about a node. Its place is there before the node is known. */
export function NodeDrawer({
  name,
  node,
  isPending,
  status,
  onClose,
}: {
  name: string;
  node?: Node;
  isPending: boolean;
  status?: Status;
  onClose: () => void;
}) {
  return (
    <Drawer
      label={`Node ${name}`}
      onClose={onClose}
      title={
        <span className="flex items-center gap-3">
          <span className="name font-medium">{name}</span>
          {node && <NodeState node={node} />}
        </span>
      }
      actions={node && <NodeActions node={node} />}
    >
      {node ? (
        <About node={node} status={status} />
      ) : isPending ? (
        <SkeletonRows />
      ) : (
        <p className="p-4 text-muted">No node of this name has joined.</p>
      )}
    </Drawer>
  );
}

function About({ node, status }: { node: Node; status?: Status }) {
  const seen = status?.nodes.find((each) => each.node === node.name);
  const owed = status?.health.owed?.nodes.find((each) => each.node === node.name);
  const { reported } = node;
  const micros = (latency: { p50: number; p99: number } | null | undefined) =>
    latency
      ? `${milliseconds(latency.p50 / 1_000)} · ${milliseconds(latency.p99 / 1_000)}`
      : "not measured recently";
  return (
    <div className="flex flex-col gap-5 p-4">
      {seen?.why && <Notice tone="warning">{seen.why}</Notice>}
      <Facts
        facts={[
          ["State since", <Ago key="since" time={stateOf(node).since} />],
          [
            "Zone",
            <span key="zone" className="name">
              {node.zone}
            </span>,
          ],
          [
            "Disk",
            reported ? (
              <Disk key="disk" free={reported.free_bytes} total={reported.capacity_bytes} />
            ) : (
              "not heard"
            ),
          ],
          [
            "Full in",
            seen?.days_until_full ? duration(seen.days_until_full * 86_400) : "not at the present rate",
          ],
          ["Placed here", `${plural(node.placed.shards, "shard")}, ${bytes(node.placed.bytes)}`],
          [
            "On its disk",
            reported ? `${plural(reported.shards, "shard")}, ${bytes(reported.stored_bytes)}` : "–",
          ],
          ["Reads p50 · p99", micros(reported?.read)],
          ["Syncs p50 · p99", micros(reported?.sync)],
          ["Errors", reported ? `${count(reported.errors)} since its start` : "–"],
          ["Damaged", reported ? plural(reported.damaged_shards, "shard") : "–"],
          [
            "Joined",
            <span key="joined" title={exactTime(node.joined)}>
              <Ago time={node.joined} />
            </span>,
          ],
          [
            "Folder",
            <span key="folder" className="name">
              {node.folder}
            </span>,
          ],
        ]}
      />
      <Owed node={node} owed={owed} />
      <Scrub node={node.name} />
      <History node={node.name} />
    </div>
  );
}

type OwedByNode = NonNullable<Status["health"]["owed"]>["nodes"][number];

/** What is endangered because of the node. */
function Owed({ node, owed }: { node: Node; owed?: OwedByNode }) {
  if (node.owed_shards === 0 && owed === undefined) return null;
  const kinds = owed
    ? [
        [owed.unwritten, "never written"],
        [owed.missing, "missing"],
        [owed.damaged, "damaged"],
        [owed.unreadable, "unreadable"],
      ]
        .filter(([value]) => Number(value) > 0)
        .map(([value, word]) => `${count(Number(value))} ${word}`)
        .join(", ")
    : "";
  return (
    <Notice tone="warning">
      {plural(node.owed_shards, "shard")} of contents {node.owed_shards === 1 ? "is" : "are"} owed because of
      this node
      {kinds && `: ${kinds}`}. Repair writes them elsewhere, or here again.
    </Notice>
  );
}

function History({ node }: { node: string }) {
  const { data, isPending } = useQuery(nodeHistoryQuery(node));
  return (
    <section aria-label="History">
      <h3 className="mb-1 text-xs font-medium text-muted">History</h3>
      {isPending && <SkeletonRows rows={1} height={32} />}
      <ol>
        {data?.map((event) => (
          <HistoryLine key={event.id} event={event} />
        ))}
      </ol>
      {data?.length === 0 && (
        <p className="text-table text-muted">The log has no recent events about this node.</p>
      )}
    </section>
  );
}

function HistoryLine({ event }: { event: LogEvent }) {
  return (
    <li className="border-t border-line">
      <Link
        to="/events"
        search={{ event: sequenceOf(event) }}
        className="flex h-8 items-center gap-3 text-table hover:bg-hover"
      >
        <EventType type={event.type} />
        <span className="ml-auto font-mono text-xs text-muted">#{count(sequenceOf(event))}</span>
        <Ago time={event.time} className="w-24 text-right text-xs text-muted" />
      </Link>
    </li>
  );
}
