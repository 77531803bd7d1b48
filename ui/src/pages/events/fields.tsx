import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import { bucketOf, keyOf, type LogEvent, nameOf, sequenceOf, whoOf } from "@/data/event";
import { neighboursQuery } from "@/data/neighbours";
import { EVENT_SAYS, type EventName } from "@/generated/events";
import { EventType } from "@/parts/badge";
import { CopyButton } from "@/parts/copy";
import { bytes, count, exactBytes, exactTimes, plural } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { LINK } from "@/parts/link";
import { Facts } from "@/parts/page";
import { Ago } from "@/parts/time";

const AUTH: Record<string, string> = {
  api_key: "by an S3 key",
  user: "by a session",
  system: "by the store itself",
  unauthenticated: "without a login",
};

/** Who did what, when, and with what: all fields of an event. */
export function Fields({ event, onShow }: { event: LogEvent; onShow: (sequence: number) => void }) {
  const says = EVENT_SAYS[nameOf(event.type) as EventName];
  const [bucket, key] = [bucketOf(event), keyOf(event)];
  return (
    <div className="flex flex-col gap-4 p-4">
      {says && <p className="text-sm">{says}</p>}
      <Facts
        facts={[
          [
            "When",
            <span key="when">
              <Ago time={event.time} />
              {exactTimes(event.time).map((part) => (
                <span key={part} className="block text-xs text-muted">
                  {part}
                </span>
              ))}
            </span>,
          ],
          [
            "Who",
            <span key="who">
              <span className="font-medium">{whoOf(event)}</span>{" "}
              <span className="text-muted">{AUTH[event.authtype ?? ""] ?? event.authtype}</span>
              {event.authid !== undefined && event.authid !== whoOf(event) && (
                <span className="mono text-muted"> {event.authid}</span>
              )}
            </span>,
          ],
          ...(bucket === undefined
            ? []
            : [
                [
                  "Bucket",
                  <Link key="bucket" to="/buckets/$bucket" params={{ bucket }} className={`name ${LINK}`}>
                    {bucket}
                  </Link>,
                ] as const,
              ]),
          ...(bucket === undefined || key === undefined
            ? []
            : [
                [
                  "Key",
                  <Link
                    key="key"
                    to="/buckets/$bucket"
                    params={{ bucket }}
                    search={{ key, prefix: key.slice(0, key.lastIndexOf("/") + 1) || undefined }}
                    className={`name !whitespace-pre-wrap break-all ${LINK}`}
                  >
                    <KeyText name={key} />
                  </Link>,
                ] as const,
              ]),
          [
            "Request",
            event.correlationid ? (
              <Machine key="request" text={event.correlationid} />
            ) : (
              <span key="request" className="text-muted">
                none
              </span>
            ),
          ],
        ]}
      />
      <Neighbours event={event} onShow={onShow} />
      <div>
        <h2 className="mb-2 text-xs font-medium text-muted">Data</h2>
        <Values data={event.data} />
      </div>
    </div>
  );
}

function Neighbours({ event, onShow }: { event: LogEvent; onShow: (sequence: number) => void }) {
  const { data, isPending } = useQuery(neighboursQuery(event));
  const line = (title: string, icon: typeof ArrowUp, other: LogEvent | undefined, none: string) => {
    const Icon = icon;
    return (
      <button
        type="button"
        disabled={other === undefined}
        onClick={() => other && onShow(sequenceOf(other))}
        className="flex h-8 items-center gap-2 rounded-md px-2 text-left text-table enabled:hover:bg-hover"
      >
        <Icon size={14} aria-hidden className="shrink-0 text-muted" />
        <span className="w-16 shrink-0 text-xs text-muted">{title}</span>
        {other ? (
          <>
            <EventType type={other.type} />
            <span className="ml-auto font-mono text-xs text-muted">#{count(sequenceOf(other))}</span>
          </>
        ) : (
          <span className="text-xs text-muted">{isPending ? "…" : none}</span>
        )}
      </button>
    );
  };
  const lookedBack =
    data?.lookedBack === undefined
      ? "the first of its kind"
      : `none in ${plural(data.lookedBack, "entry", "entries")}`;
  return (
    <fieldset className="flex flex-col rounded-lg border border-line p-1" aria-label="Events about the same">
      {line("Before", ArrowUp, data?.previous, lookedBack)}
      {line("After", ArrowDown, data?.next, "the latest about this")}
    </fieldset>
  );
}

/** Names and values of a document, nested ones indented. */
function Values({ data, depth = 0 }: { data: object; depth?: number }) {
  return (
    <dl className={depth > 0 ? "border-l border-line pl-3" : "flex flex-col gap-1.5"}>
      {Object.entries(data).map(([name, value]) => (
        <div key={name} className="text-table">
          <dt className="mr-1.5 inline font-mono text-xs text-muted">{name}</dt>{" "}
          <dd className={isNested(value) ? "mt-1" : "inline"}>
            <Value name={name} value={value} depth={depth} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null && JSON.stringify(value).length > 48;
}

function Value({ name, value, depth }: { name: string; value: unknown; depth: number }): ReactNode {
  if (isNested(value))
    return depth > 6 ? <Machine text={JSON.stringify(value)} /> : <Values data={value} depth={depth + 1} />;
  if (typeof value === "number" && /(^|_)(bytes|size)$/.test(name)) {
    return (
      <span title={exactBytes(value)} className="font-mono text-xs">
        {bytes(value)}
      </span>
    );
  }
  return (
    <Machine
      text={typeof value === "string" ? value : JSON.stringify(value)}
      isShort={typeof value !== "string" || value.length < 24}
    />
  );
}

function Machine({ text, isShort }: { text: string; isShort?: boolean }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1 align-middle">
      <span className="name min-w-0 !whitespace-pre-wrap break-all">
        <KeyText name={text} />
      </span>
      {!isShort && <CopyButton text={text} className="!size-5 shrink-0" />}
    </span>
  );
}
