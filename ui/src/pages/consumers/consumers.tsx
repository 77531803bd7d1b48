import { useQuery } from "@tanstack/react-query";
import { Cable, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { type Consumer, consumersQuery, useDeleteConsumer } from "@/data/consumers";
import { Button, IconButton } from "@/parts/button";
import { ConfirmDialog } from "@/parts/dialog";
import { count, plural } from "@/parts/format";
import { useActions } from "@/parts/palette/actions";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Ago } from "@/parts/time";
import { AddConsumer } from "./add-consumer";

/** Who reads events over NATS, and how far they are. */
export function Consumers({ isAdding, onAdding }: { isAdding: boolean; onAdding: (is: boolean) => void }) {
  const list = useQuery(consumersQuery);
  const [removed, setRemoved] = useState<string>();
  const columns = useMemo(() => columnsWith(setRemoved), []);
  const add = () => onAdding(true);
  useActions([{ title: "Add a consumer", run: add }]);
  return (
    <section aria-label="Durable consumers">
      <header className="flex items-center gap-3 pb-2">
        <div>
          <h2 className="font-medium">Durable consumers</h2>
          <p className="text-table text-muted">
            Programs that read events over NATS and continue where they stopped.
          </p>
        </div>
        <Button icon={Plus} className="ml-auto" onClick={add}>
          Add consumer
        </Button>
      </header>
      <div className="overflow-hidden rounded-lg border border-line bg-surface">
        {list.isPending ? (
          <SkeletonRows rows={3} />
        ) : list.isError && !list.data ? (
          <Failure
            error={list.error}
            what="The consumers could not be listed."
            onRetry={() => void list.refetch()}
          />
        ) : list.data?.length === 0 ? (
          <Empty icon={Cable} title="No program reads events over NATS" className="!py-8">
            A consumer keeps its position on the log and gets each event at least once, however long it was
            disconnected.
          </Empty>
        ) : (
          <Table
            label="Durable consumers"
            className="!border-t-0"
            columns={columns}
            items={list.data ?? NONE}
            idOf={(consumer) => consumer.name}
            initialSort={{ id: "name" }}
          />
        )}
      </div>
      <AddConsumer isOpen={isAdding} onClose={() => onAdding(false)} />
      <RemoveConsumer name={removed} onClose={() => setRemoved(undefined)} />
    </section>
  );
}

const NONE: Consumer[] = [];

function RemoveConsumer({ name, onClose }: { name: string | undefined; onClose: () => void }) {
  const remove = useDeleteConsumer();
  return (
    <ConfirmDialog
      title={`Delete the consumer ${name ?? ""}`}
      action="Delete consumer"
      isOpen={name !== undefined}
      isBusy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => name && remove.mutate(name, { onSuccess: onClose })}
    >
      <p>Its login and its position on the log are deleted. Programs that use it receive nothing more.</p>
    </ConfirmDialog>
  );
}

function columnsWith(onDelete: (name: string) => void): readonly Column<Consumer>[] {
  return [
    {
      id: "name",
      title: "Name",
      size: "minmax(9rem, 1.4fr)",
      by: (consumer) => consumer.name,
      cell: ({ name }) => <span className="name font-medium">{name}</span>,
    },
    {
      id: "filter",
      title: "Receives",
      size: "minmax(10rem, 2fr)",
      from: "md",
      cell: ({ filter }) => (
        <span className="name text-muted">
          {filter.type || "all events"}
          {filter.bucket && ` of ${filter.bucket}`}
        </span>
      ),
    },
    {
      id: "position",
      title: "Position",
      size: "7rem",
      isRight: true,
      by: (consumer) => consumer.position,
      cell: ({ position }) => <span className="mono">#{count(position)}</span>,
    },
    {
      id: "lag",
      title: "Lag",
      size: "7rem",
      isRight: true,
      by: (consumer) => consumer.lag,
      cell: ({ lag }) => (
        <span className={lag > 0 ? "text-warning" : "text-muted"}>
          {lag === 0 ? "none" : plural(lag, "event")}
        </span>
      ),
    },
    {
      id: "rate",
      title: "Events/s",
      size: "6rem",
      from: "lg",
      isRight: true,
      by: (consumer) => consumer.rate,
      cell: ({ rate }) => (rate === null || rate === undefined ? "–" : rate.toFixed(1)),
    },
    {
      id: "owner",
      title: "Added by",
      size: "7rem",
      from: "xl",
      by: (consumer) => consumer.owner,
      cell: ({ owner }) => owner,
    },
    {
      id: "created",
      title: "Added",
      size: "7.5rem",
      from: "lg",
      by: (consumer) => consumer.created,
      cell: ({ created }) => <Ago time={created} className="text-muted" />,
    },
    {
      id: "delete",
      title: "Actions",
      head: <span className="sr-only">Actions</span>,
      size: "2.5rem",
      cell: ({ name }) => (
        <IconButton
          label={`Delete ${name}`}
          icon={Trash2}
          className="!size-7"
          onClick={() => onDelete(name)}
        />
      ),
    },
  ];
}
