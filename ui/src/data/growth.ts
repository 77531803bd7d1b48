/** How much was stored when: a fold of the log. */
import { queryOptions } from "@tanstack/react-query";
import { type Growth, getBucketGrowth, getGrowth } from "@/generated/api";
import { call } from "./call";

export const SPANS = {
  "24h": { title: "24 h", hours: 24, resolution: "hour" },
  "7d": { title: "7 d", hours: 168, resolution: "hour" },
  "30d": { title: "30 d", hours: 720, resolution: "day" },
  "1y": { title: "1 y", hours: 8_766, resolution: "day" },
} as const;
export type Span = keyof typeof SPANS;

/** What was stored at the end of an hour or a day; `null` for those before there was anything. */
export interface GrowthPoint {
  readonly time: string;
  readonly bytes: number | null;
  readonly stored: number | null;
  readonly objects: number | null;
  readonly versions: number | null;
}

/**
 * The points of an answer from where there was something. An answer has a 0 for every hour before, and does not say since
 * when there is the bucket or the store: `began` says it, and without it the first that is not 0 does. The point before it
 * is kept: by its end there was nothing yet, and the line begins there.
 */
export function fromBeginning(points: Growth["points"], began?: string): GrowthPoint[] {
  const first =
    began === undefined
      ? points.findIndex(({ objects, versions, bytes }) => objects + versions + bytes > 0)
      : Math.max(
          0,
          points.findLastIndex(({ time }) => Date.parse(time) <= Date.parse(began)),
        );
  return points.map(({ time, bytes, stored_bytes, objects, versions }, place) =>
    first < 0 || place < first - 1
      ? { time, bytes: null, stored: null, objects: null, versions: null }
      : { time, bytes, stored: stored_bytes, objects, versions },
  );
}

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
