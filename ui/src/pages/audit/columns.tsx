import { FileCheck2, FileClock } from "lucide-react";
import type { Done } from "@/data/audit";
import { nameOf } from "@/data/event";
import { EventType } from "@/parts/badge";
import { clock, count, day, exactTime, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import type { Column } from "@/parts/table";

/** The columns of what was done. `covered` is the last event that is signed; it is absent if that is not known. */
export function columnsFor(covered: number | undefined): readonly Column<Done>[] {
  return [
    {
      id: "sequence",
      title: "Event",
      size: "6.5rem",
      from: "lg",
      cell: ({ sequence }) => <span className="mono text-muted">#{count(sequence)}</span>,
    },
    {
      id: "time",
      title: "Time",
      size: "12rem",
      cell: ({ time }) => (
        <time dateTime={time} title={exactTime(time)} className="text-muted tabular-nums">
          {day(time)} <span className="mono">{clock(time)}</span>
        </time>
      ),
    },
    {
      id: "who",
      title: "Who",
      size: "minmax(6rem, 0.7fr)",
      cell: ({ user, key }) => (
        <span title={key ? `${user ?? "not known"}, with the access key ${key}` : undefined}>
          <span className={user ? "font-medium" : "text-muted"}>{user ?? "not known"}</span>
        </span>
      ),
    },
    {
      id: "type",
      title: "What",
      size: "minmax(10.5rem, 1.1fr)",
      from: "md",
      cell: ({ type }) => <EventType type={type} className="max-w-full align-middle" />,
    },
    {
      id: "about",
      title: "About",
      size: "minmax(9rem, 2fr)",
      cell: (done) => (
        <span className="name" title={visible(aboutOf(done))}>
          <KeyText name={aboutOf(done)} />
        </span>
      ),
    },
    {
      id: "summary",
      title: "Summary",
      size: "minmax(10rem, 1.6fr)",
      from: "lg",
      cell: ({ summary, type }) => (
        <span className="text-muted" title={visible(summary)}>
          {saysMore(summary, type) && visible(summary)}
        </span>
      ),
    },
    {
      id: "signed",
      title: "Signed",
      size: "6rem",
      from: "xl",
      cell: ({ sequence }) => covered !== undefined && <Signed isSigned={sequence <= covered} />,
    },
  ];
}

/** The key with its bucket, or the name of what else it is about. */
function aboutOf({ bucket, subject }: Done): string {
  return bucket && bucket !== subject ? `${bucket}/${subject}` : subject;
}

/** Whether a summary is more than the words of the type, which stand beside it. */
function saysMore(summary: string, type: string): boolean {
  return summary !== nameOf(type).replaceAll(/[._]/g, " ");
}

function Signed({ isSigned }: { isSigned: boolean }) {
  const Icon = isSigned ? FileCheck2 : FileClock;
  return (
    <span className={`flex items-center gap-1.5 text-xs ${isSigned ? "text-ok" : "text-muted"}`}>
      <Icon size={14} aria-hidden />
      {isSigned ? "signed" : "not yet"}
    </span>
  );
}
