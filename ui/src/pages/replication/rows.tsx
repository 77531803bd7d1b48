import { Link } from "@tanstack/react-router";
import { GitCompareArrows } from "lucide-react";
import { placeOf, type ReplicatedTo, type Way, wayId } from "@/data/replication";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { bytes, count, exactBytes } from "@/parts/format";
import type { Column } from "@/parts/table";
import { secondsText } from "./seconds-text";
import { type Around, linkOf, type WayState, wayState } from "./way-state";

/** A destination, with what the table shows of it. */
export interface Row extends ReplicatedTo {
  readonly state: WayState;
  /** The destination in words. */
  readonly place: string;
  /** The region that it is in, as far as it is known. */
  readonly region?: string;
}

export function rowsOf(ways: readonly ReplicatedTo[], around: Around): Row[] {
  return ways.map((way) => ({
    ...way,
    state: wayState(way, around),
    place: placeOf(way.destination),
    region: way.destination.region ?? (around.links && linkOf(way.destination, around.links)?.name),
  }));
}

export const idOf = (row: Row) => wayId(row);

const NOTHING = <span className="text-faint">–</span>;

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "bucket",
    title: "Bucket",
    size: "minmax(7rem, 1.5fr)",
    by: ({ bucket }) => bucket,
    cell: ({ bucket }) => (
      <Link
        to="/buckets/$bucket/settings"
        params={{ bucket }}
        hash="replication"
        className="name font-medium hover:underline"
        title={bucket}
      >
        {bucket}
      </Link>
    ),
  },
  {
    id: "to",
    title: "To",
    size: "minmax(8rem, 2fr)",
    by: ({ place }) => place,
    cell: ({ destination, region }) => (
      <span className="name" title={region ? `${destination.bucket} in ${region}` : destination.bucket}>
        {destination.bucket}
        {region && <span className="text-muted"> in {region}</span>}
      </span>
    ),
  },
  {
    id: "rules",
    title: "Rules",
    size: "4rem",
    from: "md",
    isRight: true,
    by: ({ rules }) => rules.length,
    cell: ({ rules }) => <span title={rules.join(", ")}>{count(rules.length)}</span>,
  },
  {
    id: "state",
    title: "State",
    size: "7.5rem",
    isApart: true,
    by: ({ state }) => state.word,
    cell: ({ state, resync }) => (
      <span title={state.why ?? (resync?.key ? `Compared up to ${resync.key}` : undefined)}>
        <State tone={state.tone}>{state.word}</State>
      </span>
    ),
  },
  {
    id: "changes",
    title: "Changes behind",
    size: "8rem",
    isRight: true,
    by: ({ lag }) => lag?.changes,
    cell: ({ lag }) => (lag ? count(lag.changes) : NOTHING),
  },
  {
    id: "bytes",
    title: "Bytes",
    size: "6rem",
    from: "md",
    isRight: true,
    by: ({ lag }) => lag?.bytes,
    cell: ({ lag }) => (lag ? <span title={exactBytes(lag.bytes)}>{bytes(lag.bytes)}</span> : NOTHING),
  },
  {
    id: "seconds",
    title: "Seconds",
    size: "6rem",
    isRight: true,
    by: ({ lag }) => lag?.seconds,
    cell: ({ lag }) => (lag ? secondsText(lag.seconds) : NOTHING),
  },
  {
    id: "position",
    title: "Complete up to",
    size: "8rem",
    from: "lg",
    isRight: true,
    by: ({ up_to }) => up_to,
    cell: ({ up_to, lag }) => <span className="mono">#{count(Math.max(up_to, lag?.up_to ?? 0))}</span>,
  },
];

/** The columns, with a button for those who may compare. */
export function tableColumns(onCompare: ((way: Way) => void) | undefined): readonly Column<Row>[] {
  if (onCompare === undefined) return COLUMNS;
  const compare: Column<Row> = {
    id: "compare",
    title: "Actions",
    head: <span className="sr-only">Actions</span>,
    size: "9.5rem",
    isRight: true,
    cell: ({ bucket, destination, place }) => (
      <Button
        isSmall
        icon={GitCompareArrows}
        aria-label={`Compare again: ${bucket} with ${place}`}
        onClick={() => onCompare({ bucket, destination })}
      >
        Compare again
      </Button>
    ),
  };
  return [...COLUMNS, compare];
}
