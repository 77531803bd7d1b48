/** What a bucket is set to, as far as a list shows it. */
import { queryOptions } from "@tanstack/react-query";
import { s3, xmlText } from "./s3";
import { Element } from "./s3/xml";

export interface Traits {
  readonly versioning: "Enabled" | "Suspended" | "off";
  readonly isLockable: boolean;
  readonly isPublic: boolean;
  /** Whether a rule that is enabled sends it to another bucket. */
  readonly isReplicated: boolean;
}

/** The traits of a bucket. They are asked for only of buckets in view. */
export function traitsQuery(bucket: string) {
  return queryOptions({
    queryKey: ["traits", bucket],
    staleTime: 60_000,
    retry: false,
    queryFn: async ({ signal }): Promise<Traits> => {
      const [versioning, status] = await Promise.all([
        setting(bucket, "versioning", signal),
        setting(bucket, "policyStatus", signal),
      ]);
      // Only buckets with versions have a lock or are replicated, and others refuse the question.
      const hasVersions = versioning !== undefined && xmlText(versioning, "Status") === "Enabled";
      const [lock, replication] = hasVersions
        ? await Promise.all([setting(bucket, "object-lock", signal), setting(bucket, "replication", signal)])
        : [];
      return {
        versioning: (versioning && (xmlText(versioning, "Status") as Traits["versioning"])) || "off",
        isLockable: lock !== undefined && xmlText(lock, "ObjectLockEnabled") === "Enabled",
        isPublic: status !== undefined && xmlText(status, "IsPublic")?.toLowerCase() === "true",
        isReplicated:
          replication !== undefined &&
          new Element(replication.documentElement)
            .children("Rule")
            .some((rule) => rule.text("Status") === "Enabled"),
      };
    },
    meta: { nouns: ["bucket"] },
  });
}

/** A setting; absent if the bucket does not have it. */
async function setting(bucket: string, name: string, signal: AbortSignal): Promise<Document | undefined> {
  const { response } = await s3({ method: "GET", bucket, query: { [name]: "" }, signal, rawRefusal: true });
  if (!response.ok) return undefined;
  return new DOMParser().parseFromString(await response.text(), "application/xml");
}
