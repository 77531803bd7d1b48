/** A bucket as it was at an event or a time, and how it is brought back. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import * as z from "zod/mini";
import { type Answered, ask } from "./call";
import { queries } from "./client";
import { restoreVersion } from "./s3/object";

/** Rows on a page of the past. */
const PAGE = 500;

const PastObject = z.object({
  key: z.string(),
  version_id: z.nullish(z.string()),
  size: z.number(),
  etag: z.nullish(z.string()),
  last_modified: z.string(),
  is_readable: z._default(z.boolean(), true),
});

const Past = z.object({
  at: z.union([z.number(), z.string()]),
  prefixes: z._default(z.array(z.string()), []),
  objects: z.array(PastObject),
  next: z.nullish(z.string()),
});

const Change = z.looseObject({
  key: z.string(),
  from_version: z.nullish(z.string()),
  action: z.string(),
});
const Restored = z.looseObject({ changes: z.array(Change) });
export type PastChange = z.infer<typeof Change>;

export type PastRow =
  | { readonly kind: "folder"; readonly key: string }
  | {
      readonly kind: "object";
      readonly key: string;
      readonly versionId?: string;
      readonly size: number;
      readonly modified: string;
      /** Whether its bytes are still there: what was deleted for ever cannot be brought back. */
      readonly isReadable: boolean;
    };

const path = (bucket: string) => `/api/v1/buckets/${encodeURIComponent(bucket)}`;

/** What was below a prefix at a moment, page by page. The past never changes. */
export function pastQuery(bucket: string, at: string, prefix: string) {
  return infiniteQueryOptions({
    queryKey: ["past", bucket, at, prefix],
    queryFn: async ({ pageParam, signal }) => {
      const query = { at, prefix, delimiter: "/", after: pageParam, limit: PAGE };
      const { answer } = await ask(`${path(bucket)}/objects`, Past, { query, signal });
      const rows: PastRow[] = [
        ...answer.prefixes.map((key) => ({ kind: "folder" as const, key })),
        ...answer.objects.map((each) => ({
          kind: "object" as const,
          key: each.key,
          versionId: each.version_id ?? undefined,
          size: each.size,
          modified: each.last_modified,
          isReadable: each.is_readable,
        })),
      ];
      return { at: answer.at, rows, next: answer.next ?? undefined };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** What is brought back: folders as a whole, and single objects by their version. */
export interface Wanted {
  readonly bucket: string;
  readonly at: string;
  readonly prefixes: readonly string[];
  readonly objects: readonly { key: string; versionId?: string }[];
}

/** Says what bringing back would change, and changes nothing. */
export async function rehearse(wanted: Wanted): Promise<PastChange[]> {
  const ofFolders = await Promise.all(wanted.prefixes.map((prefix) => restoreBelow(wanted, prefix, true)));
  const ofObjects = wanted.objects.map(({ key, versionId }) => ({
    key,
    from_version: versionId,
    action: "restore",
  }));
  return [...ofFolders.flatMap(({ answer }) => answer), ...ofObjects];
}

/** Brings back. Each object that comes back is an event. */
export async function bringBack(wanted: Wanted): Promise<Answered<number>> {
  let count = 0;
  let requestId: string | undefined;
  for (const prefix of wanted.prefixes) {
    const { answer, requestId: id } = await restoreBelow(wanted, prefix, false);
    count += answer.length;
    requestId = id ?? requestId;
  }
  for (const { key, versionId } of wanted.objects) {
    const { requestId: id } = await restoreVersion({ bucket: wanted.bucket, key, versionId });
    count += 1;
    requestId = id ?? requestId;
  }
  await queries.invalidateQueries({ queryKey: ["s3"] });
  return { answer: count, requestId };
}

async function restoreBelow({ bucket, at }: Wanted, prefix: string, isDry: boolean) {
  const json = { at: /^\d+$/.test(at) ? Number(at) : at, prefix, dry_run: isDry };
  const { answer, requestId } = await ask(`${path(bucket)}/restore`, Restored, { method: "POST", json });
  return { answer: answer.changes, requestId };
}
