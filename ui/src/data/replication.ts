/** Replication: links to other regions, the buckets that are replicated by them, and how far each destination is. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import {
  addLink,
  type Destination,
  type Link,
  listLinks,
  listReplication,
  type NewLink,
  type ReplicatedTo,
  removeLink,
  resyncReplication,
} from "@/generated/api";
import { call, callFor } from "./call";
import { useChange } from "./change";
import { decoded, type LogEvent, sequenceOf } from "./event";
import { newestEvents } from "./events";

export type { Destination, Link, NewLink, ReplicatedTo };

/** How far destinations are is no event: it is asked for again after this. */
export const LAG_EVERY_MS = 3_000;
/** Destinations on a page of the list. */
const PAGE = 200;
/** Events of failures that are read. */
const FAILURES_READ = 20;

/** The type of events of failures, as the API filters them. */
export const FAILED = "replication.failed";

export const linksQuery = queryOptions({
  queryKey: ["links"],
  queryFn: async ({ signal }) => (await call(listLinks, { signal })).links,
  meta: { nouns: ["link"] },
});

/** All destinations, page by page. */
export const replicationQuery = infiniteQueryOptions({
  queryKey: ["replication"],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) =>
    call(listReplication, { query: { after: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (page) => page.next ?? undefined,
  refetchInterval: LAG_EVERY_MS,
  meta: { nouns: ["link", "replication"] },
});

/** A version that a destination refused. */
export interface Failed {
  /** The event that says it. */
  readonly sequence: number;
  readonly time: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly destination: Destination;
  readonly reason: string;
}

/** What destinations refused last, the newest first. */
export const failuresQuery = queryOptions({
  queryKey: ["replication", "failed"],
  queryFn: async ({ signal }) =>
    (await newestEvents({ type: FAILED }, FAILURES_READ, signal)).flatMap(failedOf),
  staleTime: 0,
});

/** The versions of an event that says that some were refused. */
export function failedOf(event: LogEvent): Failed[] {
  const { bucket, destination, versions, reason } = event.data as unknown as {
    bucket: string;
    destination: Destination;
    versions: { key: string; version_id: string }[];
    reason: string;
  };
  return versions.map(({ key, version_id }) => ({
    sequence: sequenceOf(event),
    time: event.time,
    bucket,
    key: decoded(key),
    versionId: version_id,
    destination,
    reason,
  }));
}

export function useAddLink() {
  return useChange({
    run: (link: NewLink) => callFor(addLink, { body: link }),
    done: (_, { name }) => `Added the link to ${name}.`,
    nouns: ["link"],
  });
}

export function useRemoveLink() {
  return useChange({
    run: (link: string) => callFor(removeLink, { path: { link } }),
    done: (_, name) => `Removed the link to ${name}.`,
    nouns: ["link"],
  });
}

/** A bucket and where it is replicated to. */
export interface Way {
  readonly bucket: string;
  readonly destination: Destination;
}

/** Compares a bucket with a destination, and has what is missing there sent. */
export function useResync() {
  return useChange({
    run: ({ bucket, destination }: Way) =>
      callFor(resyncReplication, { body: { bucket, to: destination.bucket, region: destination.region } }),
    done: (_, { bucket, destination }) => `${bucket} is compared with ${placeOf(destination)}.`,
    nouns: ["replication"],
  });
}

/** A destination in words: `photos in us-west-2`. */
export function placeOf({ bucket, region }: Destination): string {
  return region ? `${bucket} in ${region}` : bucket;
}

/** What tells ways apart. */
export function wayId({ bucket, destination }: Way): string {
  return [bucket, destination.region ?? "", destination.bucket].join(" ");
}
