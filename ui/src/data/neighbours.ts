/** The events before and after one, about the same thing. */
import { queryOptions } from "@tanstack/react-query";
import { bucketOf, keyOf, type LogEvent, nounOf, sequenceOf } from "./event";
import { type EventsAsked, listEvents } from "./events";

/** How far back is looked, in entries of the log, at growing steps. */
const SPANS = [200, 5_000, 100_000];

export interface Neighbours {
  readonly previous?: LogEvent;
  readonly next?: LogEvent;
  /** How many entries were looked through before the event, if nothing was found and the log has more. */
  readonly lookedBack?: number;
}

/** Whether two events are about the same thing. */
export function isSame(a: LogEvent, b: LogEvent): boolean {
  return a.source === b.source && a.subject === b.subject;
}

export function neighboursQuery(event: LogEvent) {
  return queryOptions({
    queryKey: ["neighbours", event.sequence],
    queryFn: async ({ signal }): Promise<Neighbours> => {
      const asked: EventsAsked = { bucket: bucketOf(event), prefix: keyOf(event), limit: 1_000 };
      if (asked.bucket === undefined) Object.assign(asked, { type: nounOf(event.type) });
      const [next, previous] = await Promise.all([after(event, asked, signal), before(event, asked, signal)]);
      return { next, ...previous };
    },
    meta: { nouns: [nounOf(event.type)] },
  });
}

async function after(
  event: LogEvent,
  asked: EventsAsked,
  signal: AbortSignal,
): Promise<LogEvent | undefined> {
  const { events } = await listEvents({ ...asked, after: sequenceOf(event) }, signal);
  return events.find((each) => isSame(each, event));
}

async function before(event: LogEvent, asked: EventsAsked, signal: AbortSignal): Promise<Neighbours> {
  const end = sequenceOf(event);
  for (const span of SPANS) {
    let from = Math.max(0, end - 1 - span);
    let found: LogEvent | undefined;
    for (let page = 0; page < 10 && from < end - 1; page += 1) {
      const { events, next } = await listEvents({ ...asked, after: from }, signal);
      found = events.findLast((each) => isSame(each, event) && sequenceOf(each) < end) ?? found;
      if (next <= from) break;
      from = next;
    }
    if (found !== undefined) return { previous: found };
    if (end - 1 <= span) return {};
  }
  return { lookedBack: SPANS.at(-1) };
}
