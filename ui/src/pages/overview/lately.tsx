import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { LogEvent } from "@/data/event";
import { aboutOf, sequenceOf, whoOf } from "@/data/event";
import { newestEvents } from "@/data/events";
import { useFeed } from "@/data/feed";
import { activeUsersQuery } from "@/data/telemetry";
import { EventType } from "@/parts/badge";
import { count, plural, visible } from "@/parts/format";
import { KeyText } from "@/parts/key-text";
import { QUIET_LINK } from "@/parts/link";
import { Panel } from "@/parts/page";
import { explain, SkeletonRows } from "@/parts/states";
import { Ago } from "@/parts/time";

/** How many events are shown. */
const SHOWN = 12;

/** The last events, live. */
export function LastEvents() {
  const [live, setLive] = useState<LogEvent[]>([]);
  const before = useQuery({
    queryKey: ["events", "newest", SHOWN],
    queryFn: ({ signal }) => newestEvents({}, SHOWN, signal),
    staleTime: 0,
  });
  useFeed(
    { source: "events", filter: {}, maxPerSecond: 10 },
    { onEvents: (events) => setLive((shown) => [...events.toReversed(), ...shown].slice(0, SHOWN)) },
  );
  const first = live.at(-1);
  const older = (before.data ?? []).filter((event) => first === undefined || event.sequence < first.sequence);
  const shown = [...live, ...older].slice(0, SHOWN);
  return (
    <Panel
      title="Last events"
      isFlush
      className="lg:col-span-2"
      aside={
        <Link to="/events" className={QUIET_LINK}>
          Watch live
        </Link>
      }
    >
      {before.isPending && shown.length === 0 ? (
        <SkeletonRows rows={SHOWN} height={32} />
      ) : (
        <ol style={{ minHeight: SHOWN * 32 }}>
          {shown.map((event) => (
            <EventLine key={event.id} event={event} />
          ))}
          {shown.length === 0 && (
            <li className="px-4 py-6 text-center text-muted">Nothing has happened yet.</li>
          )}
        </ol>
      )}
    </Panel>
  );
}

function EventLine({ event }: { event: LogEvent }) {
  return (
    <li className="arrives border-t border-line">
      <Link
        to="."
        search={(before: object) => ({ ...before, event: sequenceOf(event) })}
        className="grid h-[31px] grid-cols-[9rem_minmax(0,1fr)_auto] items-center gap-3 px-4 text-table hover:bg-hover sm:grid-cols-[4.5rem_11rem_minmax(0,1fr)_auto] xl:grid-cols-[4.5rem_13.5rem_minmax(0,1fr)_auto]"
      >
        <span className="font-mono text-xs text-muted tabular-nums max-sm:hidden">
          #{count(sequenceOf(event))}
        </span>
        <EventType type={event.type} />
        <span className="name truncate" title={visible(aboutOf(event))}>
          <KeyText name={aboutOf(event)} />
        </span>
        <span className="flex gap-3 text-xs text-muted">
          <span className="w-20 truncate max-md:hidden" title={whoOf(event)}>
            {whoOf(event)}
          </span>
          <Ago time={event.time} className="text-right whitespace-nowrap tabular-nums md:w-24" />
        </span>
      </Link>
    </li>
  );
}

/** Who was here in the last five minutes. */
export function ActiveUsers() {
  const active = useQuery(activeUsersQuery);
  return (
    <Panel
      title="Active in the last 5 minutes"
      isFlush
      aside={active.data && plural(active.data.users.length, "user")}
    >
      {active.isPending && <SkeletonRows rows={4} height={36} />}
      {active.isError && <p className="px-4 pb-4 text-table text-muted">{explain(active.error)}</p>}
      <ul className="max-h-96 overflow-y-auto">
        {active.data?.users.map(({ user, key, last_seen, requests }) => (
          <li
            key={`${user} ${key ?? ""}`}
            className="flex h-9 items-center gap-3 border-t border-line px-4 text-table"
          >
            <Link to="/users" search={{ user } as never} className="min-w-0 truncate hover:underline">
              {user}
            </Link>
            {key && <span className="truncate font-mono text-xs text-muted max-xl:hidden">{key}</span>}
            <span className="ml-auto text-xs whitespace-nowrap text-muted tabular-nums">
              {plural(requests, "request")} · <Ago time={last_seen} />
            </span>
          </li>
        ))}
      </ul>
      {active.data?.users.length === 0 && (
        <p className="px-4 pb-4 text-table text-muted">There were no requests.</p>
      )}
    </Panel>
  );
}
