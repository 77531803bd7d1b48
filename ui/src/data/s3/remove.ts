/** Deletes many objects: what is selected, and what is in the folders that are. */
import { queries } from "../client";
import { send } from "../http";
import { bucketAddress } from "./address";
import { listPage, PAGE, type Page, readVersions } from "./listing";
import { deleteMany, type NotDeleted } from "./object";

export interface Condemned {
  readonly bucket: string;
  readonly keys: readonly string[];
  /** Prefixes, of which everything is deleted. */
  readonly folders: readonly string[];
  /** Whether every version is deleted for ever, instead of hiding the current one. */
  readonly isForEver: boolean;
}

/** Keys that are counted before the question at most. */
export const COUNTED_MAX = 20_000;
/** Refusals that are kept to be shown. */
const REFUSALS_MAX = 20;

export interface Counted {
  readonly objects: number;
  readonly bytes: number;
  /** Whether there are more than were counted. */
  readonly isMore: boolean;
}

/** Counts what is in folders. */
export async function countBelow(
  bucket: string,
  folders: readonly string[],
  signal: AbortSignal,
): Promise<Counted> {
  let [objects, bytes] = [0, 0];
  for (const prefix of folders) {
    let next: Page["next"];
    do {
      if (objects >= COUNTED_MAX) return { objects, bytes, isMore: true };
      const page = await listPage({ bucket, prefix, next }, signal);
      objects += page.rows.length;
      for (const row of page.rows) bytes += row.kind === "object" ? row.size : 0;
      next = page.next;
    } while (next !== undefined);
  }
  return { objects, bytes, isMore: false };
}

export interface Removed {
  readonly deleted: number;
  readonly refused: readonly NotDeleted[];
  readonly refusedCount: number;
}

type Named = { key: string; versionId?: string };

/** Deletes, a thousand at a time, and says how far it has come. */
export async function remove(
  { bucket, keys, folders, isForEver }: Condemned,
  onProgress: (deleted: number) => void,
  signal: AbortSignal,
): Promise<{ answer: Removed; requestId?: string }> {
  const refused: NotDeleted[] = [];
  let [deleted, refusedCount] = [0, 0];
  let requestId: string | undefined;
  const take = async (objects: readonly Named[]) => {
    for (let at = 0; at < objects.length; at += PAGE) {
      signal.throwIfAborted();
      const some = objects.slice(at, at + PAGE);
      const { answer, requestId: id } = await deleteMany(bucket, some);
      requestId = id ?? requestId;
      refusedCount += answer.length;
      refused.push(...answer.slice(0, REFUSALS_MAX - refused.length));
      deleted += some.length - answer.length;
      onProgress(deleted);
    }
  };
  if (isForEver) for (const key of keys) await take(await versionsOf(bucket, key, signal));
  else await take(keys.map((key) => ({ key })));
  for (const prefix of folders) await removeBelow({ bucket, prefix, isForEver }, take, signal);
  return { answer: { deleted, refused, refusedCount }, requestId };
}

async function removeBelow(
  { bucket, prefix, isForEver }: { bucket: string; prefix: string; isForEver: boolean },
  take: (objects: readonly Named[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let next: Page["next"];
  do {
    if (isForEver) {
      const page = await versionsPage(bucket, prefix, next, signal);
      await take(page.versions.map(({ key, id }) => ({ key, versionId: id })));
      next = page.next;
    } else {
      const page = await listPage({ bucket, prefix, next }, signal);
      await take(page.rows.map(({ key }) => ({ key })));
      next = page.next;
    }
  } while (next !== undefined);
}

async function versionsPage(bucket: string, prefix: string, next: Page["next"], signal: AbortSignal) {
  const query = { versions: "", prefix, "encoding-type": "url", "max-keys": PAGE, ...next };
  return readVersions(await (await send(bucketAddress(bucket, query), { signal })).text());
}

async function versionsOf(bucket: string, key: string, signal: AbortSignal): Promise<Named[]> {
  const found: Named[] = [];
  let next: Page["next"];
  do {
    const page = await versionsPage(bucket, key, next, signal);
    const own = page.versions.filter((version) => version.key === key);
    found.push(...own.map(({ id }) => ({ key, versionId: id })));
    // Keys that begin with this one come behind it.
    next = page.versions.length === own.length ? page.next : undefined;
  } while (next !== undefined);
  return found;
}

/** Asks anew for the lists of a bucket. */
export function refreshBucket(bucket: string): Promise<void> {
  return queries.invalidateQueries({
    predicate: ({ queryKey }) => queryKey[0] === "s3" && queryKey.includes(bucket),
  });
}
