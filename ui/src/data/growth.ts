/** How much was stored when: a fold of the log. */
import { queryOptions } from "@tanstack/react-query";
import { getBucketGrowth, getGrowth } from "@/generated/api";
import { call } from "./call";

export const SPANS = {
  "24h": { title: "24 h", hours: 24, resolution: "hour" },
  "7d": { title: "7 d", hours: 168, resolution: "hour" },
  "30d": { title: "30 d", hours: 720, resolution: "day" },
  "1y": { title: "1 y", hours: 8_766, resolution: "day" },
} as const;
export type Span = keyof typeof SPANS;

/** The growth of a span that ends now, of a bucket or of all. */
export function growthQuery(span: Span, bucket?: string) {
  const { hours, resolution } = SPANS[span];
  return queryOptions({
    queryKey: ["growth", bucket ?? null, span],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - hours * 3_600_000).toISOString();
      const query = { resolution, since };
      // Whoever may list a bucket may see its growth; that of the region needs a right.
      return bucket === undefined
        ? call(getGrowth, { query, signal })
        : call(getBucketGrowth, { path: { bucket }, query, signal });
    },
    staleTime: 60_000,
    meta: { nouns: ["object", "bucket"] },
  });
}
