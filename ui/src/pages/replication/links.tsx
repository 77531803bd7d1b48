import type { UseQueryResult } from "@tanstack/react-query";
import { Globe, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import type { Link, ReplicatedTo } from "@/data/replication";
import { useMay } from "@/data/rights";
import { IconButton } from "@/parts/button";
import { Panel } from "@/parts/page";
import { Empty, Failure, SkeletonRows } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Ago } from "@/parts/time";
import { RemoveLink } from "./remove-link";

const NONE: Link[] = [];

/** The regions that this one can send to. */
export function Links({ query, ways }: { query: UseQueryResult<Link[]>; ways?: readonly ReplicatedTo[] }) {
  const may = useMay();
  const canRemove = may("removeLink");
  const [removed, setRemoved] = useState<string>();
  const columns = useMemo(() => (canRemove ? [...COLUMNS, removal(setRemoved)] : COLUMNS), [canRemove]);
  const links = query.data ?? NONE;
  return (
    <Panel title="Links to other regions" isFlush className="overflow-hidden">
      {query.isPending ? (
        <SkeletonRows rows={3} />
      ) : query.isError && !query.data ? (
        <Failure
          error={query.error}
          what="The links could not be listed."
          onRetry={() => void query.refetch()}
        />
      ) : links.length === 0 ? (
        <Empty
          icon={Globe}
          title="There is no link to another region"
          className="!py-8"
          line="planetstore admin link add us-west-2 https://s3.us-west-2.example.com --access-key ID --secret-key-file FILE"
        >
          A link is the S3 address of another region and a key of a user there. Replication rules of buckets
          lead to the regions that have a link.
        </Empty>
      ) : (
        <Table
          label="Links to other regions"
          className="-mb-px max-h-80"
          columns={columns}
          items={links}
          idOf={({ name }) => name}
          initialSort={{ id: "name" }}
        />
      )}
      <RemoveLink name={removed} links={links} ways={ways} onClose={() => setRemoved(undefined)} />
    </Panel>
  );
}

const COLUMNS: readonly Column<Link>[] = [
  {
    id: "name",
    title: "Region",
    size: "minmax(7rem, 1fr)",
    by: ({ name }) => name,
    cell: ({ name }) => <span className="name font-medium">{name}</span>,
  },
  {
    id: "url",
    title: "URL",
    size: "minmax(10rem, 2fr)",
    by: ({ url }) => url,
    cell: ({ url }) => (
      <span className="name text-muted" title={url}>
        {url}
      </span>
    ),
  },
  {
    id: "key",
    title: "Access key",
    size: "minmax(9.75rem, 1.3fr)",
    by: ({ access_key }) => access_key,
    cell: ({ access_key }) => (
      <span className="name text-muted" title={access_key}>
        {access_key}
      </span>
    ),
  },
  {
    id: "identities",
    title: "Users",
    size: "6rem",
    from: "md",
    by: ({ shares_identities }) => (shares_identities ? 1 : 0),
    cell: ({ shares_identities }) => (
      <span className="text-muted">{shares_identities ? "shared" : "not shared"}</span>
    ),
  },
  {
    id: "added",
    title: "Added",
    size: "7.5rem",
    from: "md",
    by: ({ added }) => added,
    cell: ({ added }) => <Ago time={added} className="text-muted" />,
  },
];

function removal(onRemove: (name: string) => void): Column<Link> {
  return {
    id: "remove",
    title: "Actions",
    head: <span className="sr-only">Actions</span>,
    size: "2.5rem",
    cell: ({ name }) => (
      <IconButton
        label={`Remove the link to ${name}`}
        icon={Trash2}
        className="!size-7"
        onClick={() => onRemove(name)}
      />
    ),
  };
}
