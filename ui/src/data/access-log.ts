/** What left no event: refused requests, logins that failed, and reads of buckets that ask for records of them. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { getAccessLog, type Shown } from "@/generated/api";
import { call } from "./call";
import { queries } from "./client";

export type AccessRecord = Shown;
export const ACCESS_KINDS = ["refused", "login_failed", "read"] as const;

/** Records that are asked for at once. */
const PAGE = 200;

export interface AccessFilter {
  readonly kind?: (typeof ACCESS_KINDS)[number];
  readonly bucket?: string;
  readonly user?: string;
  readonly address?: string;
  /** From this time on. */
  readonly since?: string;
}

/** Records, the newest first, as of when they were asked for. */
export function accessQuery(filter: AccessFilter) {
  return infiniteQueryOptions({
    queryKey: ["access-log", filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call(getAccessLog, { query: { ...filter, before: pageParam, limit: PAGE }, signal }),
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** Asks anew, from the newest record on. */
export function refreshAccess(): void {
  void queries.resetQueries({ queryKey: ["access-log"] });
}
