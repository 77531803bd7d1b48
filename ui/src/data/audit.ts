/** Who did what, and how far the log is signed. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { type Checkpoint, type Done, getAudit, listCheckpoints } from "@/generated/api";
import { call } from "./call";
import { queries } from "./client";

export type { Done };

/** Entries that are asked for at once. */
const PAGE = 200;

export interface AuditFilter {
  readonly user?: string;
  readonly access_key?: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly prefix?: string;
  /** From this time on. */
  readonly since?: string;
  /** Before this time. */
  readonly until?: string;
}

/** Changes, the newest first. It is as of when it was asked: what is read does not move. */
export function auditQuery({ until, ...filter }: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ["audit", filter, until],
    initialPageParam: until,
    queryFn: ({ pageParam, signal }) =>
      call(getAudit, { query: { ...filter, before: pageParam, limit: PAGE }, signal }),
    getNextPageParam: ({ next }) => (next === null || next === undefined ? undefined : String(next)),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Asks anew, from the end of the log on. */
export function refreshAudit(): void {
  void queries.resetQueries({ queryKey: ["audit"] });
}

/** How far the log is signed. */
export interface Seal {
  /** The last event that a signed checkpoint covers. */
  readonly covered: number;
  readonly key?: string | null;
  /** The last checkpoint. */
  readonly last?: Checkpoint;
}

export const sealQuery = queryOptions({
  queryKey: ["seal"],
  retry: false,
  queryFn: async ({ signal }): Promise<Seal> => {
    const { covered, key } = await call(listCheckpoints, { query: { limit: 1 }, signal });
    if (covered === 0) return { covered, key };
    const last = await call(listCheckpoints, { query: { after: covered - 1, limit: 1 }, signal });
    return { covered, key, last: last.checkpoints[0] };
  },
  meta: { nouns: ["region"] },
});
