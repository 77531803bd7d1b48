import { Link } from "@tanstack/react-router";
import type { NodeStatus, Status } from "@/data/status";
import { useTicks } from "@/data/telemetry";
import { State } from "@/parts/badge";
import { DiskBar, DiskShare, freeOf } from "@/parts/disk";
import { bytes, milliseconds } from "@/parts/format";
import { nodeTone } from "../nodes/tone";

/** The nodes, each a small card that opens it. */
export function NodeCards({ status }: { status: Status }) {
  const latest = useTicks().ticks.at(-1);
  return (
    <section aria-label="Nodes" className="flex flex-col gap-2">
      <h2 className="text-table font-medium text-muted">Nodes</h2>
      <div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
        {status.nodes.map((node) => (
          <Card
            key={node.node}
            node={node}
            p99={latest?.nodes.find((each) => each.node === node.node)?.p99_ms ?? null}
          />
        ))}
      </div>
    </section>
  );
}

function Card({ node, p99 }: { node: NodeStatus; p99: number | null }) {
  const room = { free: node.free_bytes, total: node.total_bytes };
  return (
    <Link
      to="/nodes"
      search={{ node: node.node }}
      className="flex min-w-0 flex-col gap-1.5 rounded-lg border border-line bg-surface px-3 py-2.5 hover:border-line-strong"
    >
      <span className="flex items-center justify-between gap-2">
        <span className="truncate font-mono text-xs font-medium">{node.node}</span>
        <State tone={nodeTone(node.state)} className="!text-xs">
          {node.state}
        </State>
      </span>
      <DiskBar {...room} className="h-1" />
      <span className="flex justify-between gap-2 text-xs text-muted tabular-nums">
        <span title={freeOf(room)}>
          <DiskShare {...room} /> used
        </span>
        <span title={p99 === null ? "Bytes of shards" : "Latency of this second, p99"}>
          {p99 === null ? bytes(node.stored_bytes) : `p99 ${milliseconds(p99)}`}
        </span>
      </span>
    </Link>
  );
}
