/** Events of the log as the console holds them. */
import type { EventData, EventName } from "@/generated/events";

/** A CloudEvent of the log. */
export interface LogEvent {
  readonly specversion: string;
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject?: string;
  readonly time: string;
  readonly sequence: string;
  readonly previoushash?: string;
  readonly authtype?: string;
  readonly authid?: string;
  readonly authuser?: string;
  readonly correlationid?: string;
  readonly data: Record<string, unknown>;
}

export type DataOf<Name extends EventName> = EventData[Name];

const PREFIX = "io.planetstore.";

/** The name of a type: `object.created` of `io.planetstore.object.created.v1`. */
export function nameOf(type: string): string {
  return type.replace(PREFIX, "").replace(/\.v\d+$/, "");
}

/** The noun of a type: `object`. */
export function nounOf(type: string): string {
  return nameOf(type).split(".")[0] ?? "";
}

/** The place of an event on the log. */
export function sequenceOf(event: LogEvent): number {
  return Number(event.sequence);
}

/** A name as it was given: events have keys and other names percent-encoded. */
export function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** What an event is about, as people call it: a bucket and a key, a node, a user. */
export function aboutOf(event: LogEvent): string {
  const { data } = event;
  const text = (field: string) => (typeof data[field] === "string" ? (data[field] as string) : undefined);
  const bucket = text("bucket");
  if (bucket !== undefined) {
    const key = text("key") ?? text("to") ?? text("destination_key");
    return key === undefined ? bucket : `${bucket}/${decoded(key)}`;
  }
  const about = event.source.split("/").slice(3);
  const rest = event.subject === undefined ? "" : `/${decoded(event.subject)}`;
  return `${about.slice(1).map(decoded).join("/")}${rest}` || event.source;
}

/** The bucket of an event; absent if it is not about one. */
export function bucketOf(event: LogEvent): string | undefined {
  return typeof event.data.bucket === "string" ? event.data.bucket : undefined;
}

/** The key of an event; absent if it is not about an object. */
export function keyOf(event: LogEvent): string | undefined {
  return typeof event.data.key === "string" ? decoded(event.data.key) : undefined;
}

/** Who caused an event: the user, and not the key that they used. */
export function whoOf(event: LogEvent): string {
  const who = event.authuser ?? event.authid;
  if (who !== undefined) return who;
  return event.authtype === "unauthenticated" ? "anonymous" : (event.authtype ?? "");
}
