/** When users were last here: from their S3 requests, and from the events that they cause. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { ActiveUser } from "@/generated/api";
import { useFeed } from "./feed";
import { activeUsersQuery } from "./telemetry";

/** Events a second that are looked at. */
const EVENTS_PER_SECOND = 20;

export interface Seen {
  readonly time: string;
  /** S3 requests in the last five minutes. */
  readonly requests?: number;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Who was seen in the last five minutes, or since this page is open. */
export function useLastSeen(): ReadonlyMap<string, Seen> {
  const { data } = useQuery(activeUsersQuery);
  const [heard, setHeard] = useState(NONE);
  useFeed(
    { source: "events", filter: {}, maxPerSecond: EVENTS_PER_SECOND },
    {
      onEvents: (events) => {
        const people = events.flatMap(({ authuser, authid, time }) => {
          const user = authuser ?? authid;
          return user === undefined ? [] : [[user, time] as const];
        });
        if (people.length > 0) setHeard((before) => new Map([...before, ...people]));
      },
    },
  );
  return useMemo(() => latest(data?.users ?? [], heard), [data, heard]);
}

/** The latest of what requests and events say of each user. */
export function latest(
  active: readonly ActiveUser[],
  heard: ReadonlyMap<string, string>,
): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>([...heard].map(([user, time]) => [user, { time }]));
  for (const { user, last_seen: time, requests } of active) {
    const before = seen.get(user);
    seen.set(user, {
      time: before !== undefined && Date.parse(before.time) > Date.parse(time) ? before.time : time,
      requests: (before?.requests ?? 0) + requests,
    });
  }
  return seen;
}
