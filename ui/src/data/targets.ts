/** Where events are delivered to, as far as a bucket's page shows it. */
import { queryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { ask } from "./call";

const OfBucket = z.object({
  targets: z.array(
    z.looseObject({
      name: z.string(),
      kind: z.string(),
      url: z.nullish(z.string()),
      subject: z.nullish(z.string()),
      enabled: z.boolean(),
      lag: z.nullish(z.number()),
      last_error: z.nullish(z.unknown()),
      filter: z.nullish(
        z.looseObject({ types: z.nullish(z.array(z.string())), buckets: z.nullish(z.array(z.string())) }),
      ),
    }),
  ),
});
export type TargetOfBucket = z.infer<typeof OfBucket>["targets"][number];

/** The targets that get events of a bucket. */
export function targetsOfBucketQuery(bucket: string) {
  return queryOptions({
    queryKey: ["targets", "of", bucket],
    retry: false,
    queryFn: async ({ signal }) => {
      const { answer } = await ask("/api/v1/targets", OfBucket, { signal });
      return answer.targets.filter(
        ({ filter }) => !filter?.buckets?.length || filter.buckets.includes(bucket),
      );
    },
    meta: { nouns: ["target"] },
  });
}
