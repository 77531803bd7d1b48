import type { Node } from "@/data/nodes";
import { Disk } from "@/parts/disk";
import { bytes, count, milliseconds } from "@/parts/format";
import { type Column, Table } from "@/parts/table";
import { NodeSince, NodeState, stateOf } from "./states";

const micros = (value: number | undefined) => (value === undefined ? "–" : milliseconds(value / 1_000));
const number = (value: number | undefined, isBad = false) =>
  value === undefined ? (
    "–"
  ) : (
    <span className={isBad && value > 0 ? "font-medium text-warning" : undefined}>{count(value)}</span>
  );

const COLUMNS: readonly Column<Node>[] = [
  {
    id: "name",
    title: "Node",
    size: "minmax(6rem, 1fr)",
    by: (node) => node.name,
    cell: ({ name }) => <span className="name font-medium">{name}</span>,
  },
  {
    id: "state",
    title: "State",
    size: "minmax(7rem, 1fr)",
    by: (node) => stateOf(node).word,
    cell: (node) => <NodeState node={node} />,
  },
  {
    id: "since",
    from: "md",
    title: "Since",
    size: "6rem",
    by: (node) => stateOf(node).since,
    cell: (node) => <NodeSince node={node} />,
  },
  {
    id: "zone",
    from: "xl",
    title: "Zone",
    size: "minmax(4.5rem, 1fr)",
    by: (node) => node.zone,
    cell: ({ zone }) => <span className="name text-muted">{zone}</span>,
  },
  {
    id: "disk",
    title: "Disk",
    size: "minmax(12.5rem, 1.4fr)",
    by: ({ reported }) => (reported ? 1 - reported.free_bytes / Math.max(1, reported.capacity_bytes) : null),
    cell: ({ reported }) =>
      reported ? <Disk free={reported.free_bytes} total={reported.capacity_bytes} /> : "–",
  },
  {
    id: "shards",
    from: "lg",
    title: "Shards",
    size: "5.5rem",
    isRight: true,
    by: ({ placed }) => placed.shards,
    cell: ({ placed }) => count(placed.shards),
  },
  {
    id: "bytes",
    from: "md",
    title: "Bytes",
    size: "5.25rem",
    isRight: true,
    by: ({ placed }) => placed.bytes,
    cell: ({ placed }) => bytes(placed.bytes),
  },
  {
    id: "owed",
    title: "Owed",
    size: "4rem",
    isRight: true,
    by: (node) => node.owed_shards,
    cell: (node) => number(node.owed_shards, true),
  },
  {
    id: "p50",
    from: "xl",
    title: "Read p50",
    size: "5rem",
    isRight: true,
    by: ({ reported }) => reported?.read?.p50,
    cell: ({ reported }) => micros(reported?.read?.p50),
  },
  {
    id: "p99",
    from: "lg",
    title: "Read p99",
    size: "5rem",
    isRight: true,
    by: ({ reported }) => reported?.read?.p99,
    cell: ({ reported }) => micros(reported?.read?.p99),
  },
  {
    id: "sync",
    from: "xl",
    title: "Sync p99",
    size: "5rem",
    isRight: true,
    by: ({ reported }) => reported?.sync?.p99,
    cell: ({ reported }) => micros(reported?.sync?.p99),
  },
  {
    id: "errors",
    from: "lg",
    title: "Errors",
    size: "4.5rem",
    isRight: true,
    by: ({ reported }) => reported?.errors,
    cell: ({ reported }) => number(reported?.errors, true),
  },
];

export function NodeTable({
  nodes,
  openName,
  onOpen,
}: {
  nodes: readonly Node[];
  openName?: string;
  onOpen: (node: Node) => void;
}) {
  return (
    <Table
      label="Nodes"
      // As tables in panels: it begins where their titles do, and ends with one line.
      className="!flex-none rounded-lg border [--table-inset:0.625rem] [&_[data-row]:last-child]:border-b-0"
      columns={COLUMNS}
      items={nodes}
      idOf={(node) => node.name}
      initialSort={{ id: "name" }}
      onOpen={onOpen}
      openId={openName}
    />
  );
}
