/** Pages of the log. */
import { queryOptions } from "@tanstack/react-query";
import { search } from "./call";
import type { LogEvent } from "./event";
import { reached } from "./feed/position";
import type { EventFilter } from "./feed/wanted";
import { Refused, send } from "./http";

export interface EventsPage {
  readonly events: LogEvent[];
  /** The `after` of the next page. */
  readonly next: number;
  /** The last sequence of the log. */
  readonly sequence: number;
}

export interface EventsAsked extends EventFilter {
  readonly after?: number;
  readonly since?: string;
  readonly limit?: number;
}

/** A page of the log. */
export async function listEvents(asked: EventsAsked, signal?: AbortSignal): Promise<EventsPage> {
  const response = await send(`/api/v1/events${search({ ...asked })}`, { signal });
  const events = (await response.json()) as LogEvent[];
  const sequence = Number(response.headers.get("x-planetstore-sequence") ?? 0);
  const next = Number(response.headers.get("x-planetstore-next") ?? sequence);
  reached(sequence);
  return { events, next, sequence };
}

/** The event of a sequence. It never changes. */
export function eventQuery(sequence: number) {
  return queryOptions({
    queryKey: ["event", sequence],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const { events } = await listEvents({ after: sequence - 1, limit: 1 }, signal);
      const event = events[0];
      if (event === undefined || Number(event.sequence) !== sequence) {
        throw new Refused(
          404,
          "not_found",
          `There is no event #${sequence} on the log, or it is not yours to see.`,
        );
      }
      return event;
    },
  });
}

/** The newest events of a filter, the newest first, and up to which sequence they are. */
export interface Newest {
  readonly events: LogEvent[];
  readonly sequence: number;
}

/** The newest events of a filter, looked for backwards over growing spans of the log. */
export async function newestOf(filter: EventFilter, count: number, signal?: AbortSignal): Promise<Newest> {
  const { sequence } = await listEvents({ after: 0, limit: 1 }, signal);
  let from = sequence;
  for (let span = Math.max(count, 50); ; span *= 10) {
    from = Math.max(0, sequence - span);
    const found = await upTo({ ...filter, after: from }, { end: sequence, count }, signal);
    if (found.events.length >= count || from === 0 || span > 100_000) {
      return { events: found.events.reverse(), sequence: found.until };
    }
  }
}

/** The same events alone. */
export async function newestEvents(
  filter: EventFilter,
  count: number,
  signal?: AbortSignal,
): Promise<LogEvent[]> {
  return (await newestOf(filter, count, signal)).events;
}

/** The last events from a position on to the end of the log, and up to which sequence they are. */
async function upTo(
  asked: EventsAsked,
  { end, count }: { end: number; count: number },
  signal?: AbortSignal,
): Promise<{ events: LogEvent[]; until: number }> {
  let events: LogEvent[] = [];
  let until = asked.after ?? 0;
  while (until < end) {
    const page = await listEvents({ ...asked, after: until, limit: 1_000 }, signal);
    events = [...events, ...page.events].slice(-count);
    if (page.next <= until) break;
    until = page.next;
  }
  return { events, until };
}
