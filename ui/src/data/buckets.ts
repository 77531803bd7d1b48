/** Buckets: what there is, and what makes and ends them. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { type Bucket, deleteQuota, getBucket, listBuckets, putQuota } from "@/generated/api";
import { type Answered, call, callFor } from "./call";
import { useChange } from "./change";
import { s3 } from "./s3";

/** Buckets on a page of the list. */
const PAGE = 1_000;

/** From this share of a quota on, the store warns by an event, and the console by a colour. */
export const WARNING_SHARE = 0.8;

/** All buckets, page by page. */
export const bucketsQuery = infiniteQueryOptions({
  queryKey: ["buckets"],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) => call(listBuckets, { query: { after: pageParam, limit: PAGE }, signal }),
  getNextPageParam: (page) => page.next ?? undefined,
  meta: { nouns: ["bucket", "object", "quota"] },
});

export function bucketQuery(bucket: string) {
  return queryOptions({
    queryKey: ["bucket", bucket],
    queryFn: ({ signal }) => call(getBucket, { path: { bucket }, signal }),
    meta: { nouns: ["bucket", "object", "quota"] },
  });
}

/** What a bucket is made with. */
export interface NewBucket {
  readonly name: string;
  readonly isVersioned: boolean;
  /** Objects that cannot be deleted before a time; it needs versions, and cannot be undone. */
  readonly isLockable: boolean;
  readonly quotaBytes?: number;
}

/** Makes a bucket and its settings. What comes after the bucket itself may fail; then the bucket is there without it. */
async function make({ name, isVersioned, isLockable, quotaBytes }: NewBucket): Promise<Answered<string>> {
  const headers = isLockable ? { "x-amz-bucket-object-lock-enabled": "true" } : undefined;
  const made = await s3({ method: "PUT", bucket: name, headers });
  if (isVersioned && !isLockable) {
    const body = versioning("Enabled");
    await s3({ method: "PUT", bucket: name, query: { versioning: "" }, body });
  }
  if (quotaBytes !== undefined) await call(putQuota, { path: { bucket: name }, body: { bytes: quotaBytes } });
  return { answer: name, requestId: made.requestId };
}

export function versioning(status: "Enabled" | "Suspended"): string {
  return `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${status}</Status></VersioningConfiguration>`;
}

export function useCreateBucket() {
  return useChange({
    run: make,
    done: (name) => `Created the bucket ${name}.`,
    nouns: ["bucket"],
  });
}

export function useDeleteBucket() {
  return useChange({
    run: async (name: string) => ({
      answer: name,
      requestId: (await s3({ method: "DELETE", bucket: name })).requestId,
    }),
    done: (name) => `Deleted the bucket ${name}.`,
    nouns: ["bucket"],
  });
}

/** Sets the quota of a bucket, or removes it if it limits nothing. */
export function useSetQuota() {
  return useChange({
    run: ({ bucket, bytes, objects }: { bucket: string; bytes?: number; objects?: number }) =>
      bytes === undefined && objects === undefined
        ? callFor(deleteQuota, { path: { bucket } })
        : callFor(putQuota, { path: { bucket }, body: { bytes: bytes ?? null, objects: objects ?? null } }),
    done: (_, { bucket }) => `Changed the quota of ${bucket}.`,
    nouns: ["bucket", "quota"],
  });
}

export type { Bucket };
