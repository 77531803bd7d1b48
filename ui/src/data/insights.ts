/** What a bucket holds, by prefix, by age and by who uses it: folds of the log. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";

const Count = z.number();
const Others = z.object({ prefixes: Count, objects: Count, bytes: Count });
const Prefix = z.object({
  prefix: z.string(),
  objects: Count,
  bytes: Count,
  prefixes: z._default(
    z.array(z.object({ prefix: z.string(), objects: Count, bytes: Count, others: z.nullish(Others) })),
    [],
  ),
  others: z.nullish(Others),
});

const Insights = z.object({
  as_of: Count,
  covers: z.union([
    z.string(),
    z.object({
      objects: Count,
      bytes: Count,
      is_complete: z.boolean(),
      stopped_at: z.nullish(z.string()),
      about: z.string(),
    }),
  ]),
  objects: Count,
  versions: Count,
  bytes: Count,
  stored_bytes: Count,
  dedup_ratio: z.nullish(Count),
  prefixes: z.array(Prefix),
  others: z.nullish(Others),
  ages: z.array(z.object({ days_min: Count, days_max: z.nullish(Count), objects: Count, bytes: Count })),
  talkers: z.array(
    z.object({
      user: z.string(),
      /** Reads are no events: absent where nobody has counted them. */
      reads: z.nullish(Count),
      writes: Count,
      bytes_in: Count,
      bytes_out: z.nullish(Count),
      reads_since: z.nullish(z.string()),
      since: z.string(),
    }),
  ),
});
export type Insights = z.infer<typeof Insights>;
export type PrefixShare = Insights["prefixes"][number];

export function insightsQuery(bucket: string) {
  return queryOptions({
    queryKey: ["insights", bucket],
    queryFn: async ({ signal }) =>
      (await ask(`/api/v1/buckets/${encodeURIComponent(bucket)}/insights`, Insights, { signal })).answer,
    // A scan of a large bucket takes a second of the server's time.
    staleTime: 30_000,
    retry: false,
  });
}
