import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Container, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { type Bucket, bucketsQuery } from "@/data/buckets";
import { endpointQuery } from "@/data/endpoint";
import { Button, IconButton } from "@/parts/button";
import { Input } from "@/parts/field";
import { bytes, plural } from "@/parts/format";
import { Page } from "@/parts/page";
import { useActions } from "@/parts/palette/actions";
import { useShortcuts } from "@/parts/shortcuts/keys";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Ago } from "@/parts/time";
import { BytesCell, CountCell, GrowthCell, QuotaCell, TraitsCell } from "./cells";
import { CreateBucket } from "./create";
import { DeleteBucket } from "./remove";
import { bucketsRoute } from "./route";

export default function BucketsPage() {
  const { filter = "", create } = bucketsRoute.useSearch();
  const navigate = useNavigate({ from: bucketsRoute.fullPath });
  const [removed, setRemoved] = useState<Bucket>();
  const list = useInfiniteQuery(bucketsQuery);
  const { data: endpoint } = useQuery(endpointQuery);
  const all = useMemo(() => list.data?.pages.flatMap((page) => page.buckets) ?? [], [list.data]);
  const shown = useMemo(
    () => all.filter((bucket) => bucket.name.includes(filter.toLowerCase())),
    [all, filter],
  );
  const columns = useMemo(() => columnsWith(setRemoved), []);
  const set = (change: { filter?: string; create?: boolean }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const open = () => set({ create: true });
  useShortcuts([{ keys: "c", says: "Create a bucket", run: open }]);
  useActions([{ title: "Create a bucket", run: open }]);
  const total = all.reduce((sum, bucket) => sum + bucket.usage.bytes, 0);
  return (
    <Page
      title="Buckets"
      isFull
      about={
        list.data && `${plural(all.length, "bucket")}${list.hasNextPage ? " and more" : ""}, ${bytes(total)}`
      }
      actions={
        <>
          <Input
            type="search"
            aria-label="Filter by name"
            placeholder="Filter by name"
            data-filter
            className="!w-48"
            value={filter}
            onChange={(event) => set({ filter: event.target.value || undefined })}
          />
          <Button look="primary" icon={Plus} onClick={open}>
            Create bucket
          </Button>
        </>
      }
    >
      {list.isPending ? (
        <SkeletonRows rows={14} />
      ) : list.isError && all.length === 0 ? (
        <Failure
          error={list.error}
          what="The buckets could not be listed."
          since={list.errorUpdatedAt}
          onRetry={() => void list.refetch()}
        />
      ) : all.length === 0 ? (
        <Empty
          icon={Container}
          title="There are no buckets yet"
          line={`aws s3 mb s3://first${endpoint ? ` --endpoint-url ${endpoint}` : ""}`}
          action={
            <Button look="primary" icon={Plus} onClick={open}>
              Create bucket
            </Button>
          }
        >
          A bucket holds objects under keys, with versions, rules and a quota of its own.
        </Empty>
      ) : (
        <Table
          label="Buckets"
          columns={columns}
          items={shown}
          idOf={(bucket) => bucket.name}
          initialSort={{ id: "name" }}
          onOpen={(bucket) => void navigate({ to: "/buckets/$bucket", params: { bucket: bucket.name } })}
          onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
          foot={
            shown.length === 0 && (
              <p className="py-8 text-center text-muted">No bucket has “{filter}” in its name.</p>
            )
          }
        />
      )}
      <CreateBucket
        isOpen={create ?? false}
        onClose={() => set({ create: undefined })}
        onCreated={(bucket) => void navigate({ to: "/buckets/$bucket", params: { bucket } })}
      />
      <DeleteBucket bucket={removed} onClose={() => setRemoved(undefined)} />
    </Page>
  );
}

function columnsWith(onDelete: (bucket: Bucket) => void): readonly Column<Bucket>[] {
  return [
    {
      id: "name",
      title: "Name",
      size: "minmax(11rem, 2fr)",
      by: (bucket) => bucket.name,
      cell: ({ name }) => (
        <Link
          to="/buckets/$bucket"
          params={{ bucket: name }}
          className="name font-medium hover:underline"
          title={name}
        >
          {name}
        </Link>
      ),
    },
    {
      id: "objects",
      title: "Versions",
      size: "7rem",
      isRight: true,
      by: ({ usage }) => usage.objects,
      cell: ({ usage }) => <CountCell value={usage.objects} />,
    },
    {
      id: "bytes",
      title: "Bytes",
      size: "6rem",
      isRight: true,
      by: ({ usage }) => usage.bytes,
      cell: ({ usage }) => <BytesCell value={usage.bytes} />,
    },
    {
      id: "growth",
      from: "lg",
      title: "7 days",
      isApart: true,
      size: "7rem",
      cell: (bucket) => <GrowthCell bucket={bucket} />,
    },
    {
      id: "quota",
      from: "md",
      title: "Quota",
      size: "11.5rem",
      by: ({ usage, quota }) => (quota.bytes ? usage.bytes / quota.bytes : null),
      cell: (bucket) => <QuotaCell bucket={bucket} />,
    },
    {
      id: "traits",
      from: "xl",
      title: "Settings",
      size: "9.5rem",
      cell: ({ name }) => <TraitsCell bucket={name} />,
    },
    {
      id: "owner",
      from: "lg",
      title: "Owner",
      size: "6.5rem",
      by: (bucket) => bucket.owner_name ?? bucket.owner,
      cell: (bucket) =>
        bucket.owner_name ?? <span className="mono text-muted">{bucket.owner.slice(0, 10)}…</span>,
    },
    {
      id: "created",
      from: "xl",
      title: "Created",
      size: "7rem",
      by: (bucket) => bucket.created,
      cell: ({ created }) => <Ago time={created} className="text-muted" />,
    },
    {
      id: "delete",
      title: "Actions",
      head: <span className="sr-only">Actions</span>,
      size: "2.5rem",
      cell: (bucket) => (
        <IconButton
          label={`Delete ${bucket.name}`}
          icon={Trash2}
          className="!size-7"
          onClick={() => onDelete(bucket)}
        />
      ),
    },
  ];
}
