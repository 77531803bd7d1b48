/** The status of the store, as the console address serves it. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { getRegion } from "@/generated/api";
import { ask, call } from "./call";

const Count = z.number();
const Maybe = <T extends z.ZodMiniType>(type: T) => z.optional(z.nullable(type));

export const NodeStatus = z.object({
  node: z.string(),
  zone: z.string(),
  state: z.string(),
  free_bytes: Count,
  total_bytes: Count,
  stored_bytes: Count,
  shards: Count,
  heard_seconds_ago: Count,
  recorded: z._default(z.array(z.string()), []),
  why: Maybe(z.string()),
  days_until_full: Maybe(Count),
});
export type NodeStatus = z.infer<typeof NodeStatus>;

const Owed = z.object({
  contents: Count,
  unsafe_contents: Count,
  shards: Count,
  nodes: z.array(
    z.object({ node: z.string(), unwritten: Count, missing: Count, damaged: Count, unreadable: Count }),
  ),
});

const Stored = z.object({
  buckets: Count,
  objects: Count,
  logical_bytes: Count,
  contents: Count,
  content_bytes: Count,
  referenced_bytes: Count,
  shard_bytes: Count,
  dedup_ratio: Count,
});

export const Status = z.object({
  version: z.string(),
  region: z.string(),
  uptime_seconds: Count,
  readiness: z.object({ ready: z.boolean(), missing: z.array(z.string()) }),
  stored: z.nullable(Stored),
  health: z.object({
    settling: Count,
    settled_sequence: Count,
    scanning: z.boolean(),
    owed: z.nullable(Owed),
  }),
  nodes: z.array(NodeStatus),
  redundancy: Maybe(
    z.object({
      is_full: z.boolean(),
      owed_shards: Count,
      seconds_left: Maybe(Count),
      sentence: z.string(),
    }),
  ),
  log: z.object({
    connected: z.boolean(),
    last_sequence: z.nullable(Count),
    bytes: Maybe(Count),
    growth_bytes_per_day: Maybe(Count),
  }),
  ledger: z.object({
    sequence: Count,
    failed: z.nullable(z.string()),
    quarantined: z.object({ count: Count }),
  }),
  disk: Maybe(z.object({ free_bytes: Count, total_bytes: Count, days_until_full: Maybe(Count) })),
});
export type Status = z.infer<typeof Status>;

/** Figures that no event announces, such as heartbeats, are asked for again after this. */
const STATUS_EVERY_MS = 5_000;

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: async ({ signal }) => (await ask("/api/v1/status", Status, { signal })).answer,
  refetchInterval: STATUS_EVERY_MS,
  meta: { nouns: ["object", "content", "bucket", "node", "upload"] },
});

export const regionQuery = queryOptions({
  queryKey: ["region"],
  queryFn: ({ signal }) => call(getRegion, { signal }),
  meta: { nouns: ["region"] },
});
