import { useQuery } from "@tanstack/react-query";
import { Plus, Send } from "lucide-react";
import { useState } from "react";
import { type Target, targetsQuery } from "@/data/targets";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { count, plural } from "@/parts/format";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { CreateTarget } from "./create-target";

/** Where the store sends events by itself. */
export function Targets({ openName, onOpen }: { openName?: string; onOpen: (name: string) => void }) {
  const list = useQuery(targetsQuery);
  const [isCreating, setCreating] = useState(false);
  return (
    <section aria-label="Targets">
      <header className="flex items-center gap-3 pb-2">
        <div>
          <h2 className="font-medium">Targets</h2>
          <p className="text-table text-muted">Webhooks and NATS subjects to which the store sends events.</p>
        </div>
        <Button icon={Plus} className="ml-auto" onClick={() => setCreating(true)}>
          Create target
        </Button>
      </header>
      <div className="overflow-hidden rounded-lg border border-line bg-surface">
        {list.isPending ? (
          <SkeletonRows rows={3} />
        ) : list.isError && !list.data ? (
          <Failure
            error={list.error}
            what="The targets could not be listed."
            onRetry={() => void list.refetch()}
          />
        ) : list.data?.length === 0 ? (
          <Empty icon={Send} title="There are no targets" className="!py-8">
            A target receives signed events in order. Each event is sent until the target accepts or refuses
            it.
          </Empty>
        ) : (
          <Table
            label="Targets"
            className="!border-t-0"
            columns={COLUMNS}
            items={list.data ?? NONE}
            idOf={(target) => target.name}
            openId={openName}
            onOpen={(target) => onOpen(target.name)}
            initialSort={{ id: "name" }}
          />
        )}
      </div>
      <CreateTarget isOpen={isCreating} onClose={() => setCreating(false)} />
    </section>
  );
}

const NONE: Target[] = [];

/** The word for a target. */
export function TargetState({ target }: { target: Target }) {
  if (!target.enabled) return <State tone="warning">paused</State>;
  if (target.last_error) return <State tone="danger">failing</State>;
  return target.lag > 0 ? <State tone="notice">sending</State> : <State tone="ok">up to date</State>;
}

const COLUMNS: readonly Column<Target>[] = [
  {
    id: "name",
    title: "Name",
    size: "minmax(8rem, 1fr)",
    by: (target) => target.name,
    cell: ({ name }) => <span className="name font-medium">{name}</span>,
  },
  { id: "state", title: "State", size: "8rem", cell: (target) => <TargetState target={target} /> },
  {
    id: "where",
    title: "Where",
    size: "minmax(10rem, 2fr)",
    from: "md",
    cell: ({ url, subject }) => <span className="name text-muted">{url ?? subject}</span>,
  },
  {
    id: "format",
    title: "Format",
    size: "11rem",
    from: "xl",
    by: (target) => target.format,
    cell: ({ format }) => format,
  },
  {
    id: "position",
    title: "Position",
    size: "7rem",
    from: "lg",
    isRight: true,
    by: (target) => target.position,
    cell: ({ position }) => <span className="mono">#{count(position)}</span>,
  },
  {
    id: "lag",
    title: "Lag",
    size: "8rem",
    isRight: true,
    by: (target) => target.lag,
    cell: ({ lag }) =>
      lag === 0 ? <span className="text-muted">none</span> : plural(lag, "entry", "entries"),
  },
  {
    id: "dead",
    title: "Refused",
    size: "6rem",
    isRight: true,
    by: (target) => target.dead,
    cell: ({ dead }) =>
      dead === 0 ? (
        <span className="text-muted">none</span>
      ) : (
        <span className="text-danger">{count(dead)}</span>
      ),
  },
];
