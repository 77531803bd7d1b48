import type { AccessRecord } from "@/data/access-log";
import { State, Tag, type Tone } from "@/parts/badge";
import { clock, day, exactTime, plural, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import type { Column } from "@/parts/table";

const KINDS: Record<AccessRecord["kind"], { says: string; tone: Tone }> = {
  refused: { says: "refused", tone: "warning" },
  login_failed: { says: "login failed", tone: "danger" },
  read: { says: "read", tone: "none" },
};

/** What was asked, by whom, and what was answered. */
export const COLUMNS: readonly Column<AccessRecord>[] = [
  {
    id: "time",
    title: "Time",
    size: "11.5rem",
    cell: ({ time }) => (
      <time dateTime={time} title={exactTime(time)} className="text-muted tabular-nums">
        {day(time)} <span className="mono">{clock(time)}</span>
      </time>
    ),
  },
  {
    id: "kind",
    title: "What happened",
    size: "10.5rem",
    cell: ({ kind, count: times }) => (
      <span className="flex items-center gap-2">
        <State tone={KINDS[kind].tone}>{KINDS[kind].says}</State>
        {times > 1 && <Tag>{plural(times, "time")}</Tag>}
      </span>
    ),
  },
  {
    id: "who",
    title: "Who",
    size: "minmax(7rem, 1fr)",
    cell: ({ user, access_key }) => (
      <span title={access_key ? `With the access key ${access_key}` : undefined}>
        <span className={user ? "font-medium" : "text-muted"}>
          {user === undefined || user === null ? "not known" : visible(user)}
        </span>
        {access_key && <span className="mono ml-2 text-xs text-muted">{access_key}</span>}
      </span>
    ),
  },
  {
    id: "operation",
    title: "Operation",
    size: "minmax(8rem, 1fr)",
    cell: ({ operation }) => <span className="name">{operation}</span>,
  },
  {
    id: "about",
    title: "About",
    size: "minmax(8rem, 1.6fr)",
    from: "md",
    cell: (record) => (
      <span className="name" title={visible(aboutOf(record))}>
        <KeyText name={aboutOf(record)} />
      </span>
    ),
  },
  {
    id: "answer",
    title: "Answer",
    size: "minmax(8rem, 1fr)",
    from: "lg",
    cell: ({ status, code }) => (
      <span className="text-muted">
        <span className="mono">{status}</span>
        {code && <span className="ml-2">{code}</span>}
      </span>
    ),
  },
  {
    id: "address",
    title: "Address",
    size: "8.5rem",
    from: "xl",
    cell: ({ address }) => (address ? <span className="mono">{address}</span> : <NotRecorded />),
  },
];

function NotRecorded() {
  return (
    <span className="text-faint" title="Addresses are recorded if gateways run with --audit-addresses">
      not recorded
    </span>
  );
}

/** The bucket with the key, as far as the request named them. */
function aboutOf({ bucket, key }: AccessRecord): string {
  if (!bucket) return "–";
  return key ? `${bucket}/${key}` : bucket;
}
