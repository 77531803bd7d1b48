/** Finds the event that a change became. An event names the request that caused it. */

import type { LogEvent } from "./event";
import { type EventsPage, listEvents } from "./events";
import { positionNow } from "./feed/position";

/** How long the event is waited for, in milliseconds. */
const WAIT_MS = 1_500;
/** Events that are remembered, for an event may come before the answer to its request. */
const RECENT_MAX = 200;
/** Events of others that may stand between a change and the end of the log when it was answered. */
const NEAR = 50;
/** Pages of the log that are looked through if the live stream left the event out. */
const PAGES_MAX = 3;

const recent: LogEvent[] = [];
const waiting = new Set<(event: LogEvent) => void>();

/** Takes note of an event of the live stream. */
export function heard(event: LogEvent): void {
  recent.push(event);
  if (recent.length > RECENT_MAX) recent.shift();
  for (const look of waiting) look(event);
}

/** What tells the event of a change from others. */
export interface Trace {
  readonly requestId?: string;
  /** For changes whose events name no request. */
  readonly matches?: (event: LogEvent) => boolean;
  /** The last sequence of the log once the change had happened, if the store said it. */
  readonly sequence?: number;
  /** The position of the log before the change. */
  readonly before: number;
}

/** The position to remember before a change. */
export function before(): number {
  return positionNow();
}

/** The event that a change became; absent if it was not found, as when the reader may not see it. */
export async function becomes(trace: Trace): Promise<LogEvent | undefined> {
  const is = (event: LogEvent) =>
    (trace.requestId !== undefined && event.correlationid === trace.requestId) ||
    (trace.matches?.(event) ?? false);
  const early = recent.findLast((event) => Number(event.sequence) > trace.before && is(event));
  if (early !== undefined) return early;
  if (trace.sequence !== undefined) {
    const near = await onLog(Math.max(trace.before, trace.sequence - NEAR), is);
    if (near !== undefined) return near;
  }
  return (await next(is)) ?? (await onLog(trace.before, is));
}

function next(is: (event: LogEvent) => boolean): Promise<LogEvent | undefined> {
  return new Promise((resolve) => {
    const end = (event?: LogEvent) => {
      clearTimeout(timer);
      waiting.delete(look);
      resolve(event);
    };
    const look = (event: LogEvent) => is(event) && end(event);
    const timer = setTimeout(end, WAIT_MS);
    waiting.add(look);
  });
}

async function onLog(from: number, is: (event: LogEvent) => boolean): Promise<LogEvent | undefined> {
  let after: number | undefined = from;
  for (let page = 0; page < PAGES_MAX && after !== undefined; page += 1) {
    const found: EventsPage | undefined = await listEvents({ after, limit: 1_000 }).catch(() => undefined);
    const event = found?.events.find(is);
    if (event !== undefined || found === undefined) return event;
    after = found.next < found.sequence ? found.next : undefined;
  }
  return undefined;
}
