import { Link } from "@tanstack/react-router";
import { GitCompareArrows } from "lucide-react";
import { placeOf, type ReplicatedTo, type Way, wayId } from "@/data/replication";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { bytes, count, exactBytes, visible } from "@/parts/format";
import type { Column } from "@/parts/table";
import { Place } from "./place";
import { chartSeconds, secondsText } from "./seconds-text";
import { type Around, type Behind, behindOf, linkOf, type WayState, wayState } from "./way-state";

/** A destination, with what the table shows of it. */
export interface Row extends ReplicatedTo {
  readonly state: WayState;
  readonly behind: Behind;
  /** The destination in words. */
  readonly place: string;
  /** The region that it is in, as far as it is known. */
  readonly region?: string;
}

export function rowsOf(ways: readonly ReplicatedTo[], around: Around): Row[] {
  return ways.map((way) => ({
    ...way,
    state: wayState(way, around),
    // What was reported before a pause is not how it is now.
    behind: around.isPaused ? {} : behindOf(way.lag),
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
    size: "minmax(9rem, 2fr)",
    by: ({ place }) => place,
    cell: ({ destination, region }) => (
      <span title={placeOf({ ...destination, region })}>
        <Place destination={{ ...destination, region }} />
      </span>
    ),
  },
  {
    id: "rules",
    title: "Rules",
    size: "4rem",
    from: "lg",
    isRight: true,
    by: ({ rules }) => rules.length,
    cell: ({ rules }) => <span title={rules.join(", ")}>{count(rules.length)}</span>,
  },
  {
    id: "state",
    title: "State",
    size: "8rem",
    isApart: true,
    by: ({ state }) => state.word,
    cell: ({ state, resync }) => (
      <span title={state.why ?? (resync?.key ? `Compared up to ${visible(resync.key)}` : undefined)}>
        <State tone={state.tone}>{state.word}</State>
      </span>
    ),
  },
  {
    id: "changes",
    title: "Changes",
    size: "5.5rem",
    isRight: true,
    by: ({ behind }) => behind.changes,
    cell: ({ behind: { changes } }) => (changes === undefined ? NOTHING : count(changes)),
  },
  {
    id: "bytes",
    title: "Bytes",
    size: "6rem",
    from: "lg",
    isRight: true,
    by: ({ behind }) => behind.bytes,
    cell: ({ behind }) =>
      behind.bytes === undefined ? (
        NOTHING
      ) : (
        <span title={exactBytes(behind.bytes)}>{bytes(behind.bytes)}</span>
      ),
  },
  {
    id: "seconds",
    title: "Seconds",
    size: "5.5rem",
    isRight: true,
    by: ({ behind }) => behind.seconds,
    cell: ({ behind: { seconds } }) =>
      seconds === undefined ? NOTHING : <span title={chartSeconds(seconds)}>{secondsText(seconds)}</span>,
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
    // A phone and a tablet have room for the icon alone.
    size: "var(--compare)",
    isRight: true,
    cell: ({ bucket, destination, place }) => (
      <Button
        isSmall
        icon={GitCompareArrows}
        aria-label={`Compare again: ${bucket} with ${place}`}
        onClick={() => onCompare({ bucket, destination })}
      >
        <span className="max-lg:hidden">Compare again</span>
      </Button>
    ),
  };
  return [...COLUMNS, compare];
}
