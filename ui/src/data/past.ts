/** A bucket as it was at an event or a time, and how it is brought back. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { listObjectsAt, type ObjectsThen, restoreObjects } from "@/generated/api";
import { type Answered, call, callFor } from "./call";
import { queries } from "./client";
import { restoreVersion } from "./s3/object";

/** Keys on a page of the past. */
const PAGE = 500;

/** What becomes of a key, in the store's word for it or in one of this page. */
export interface PastChange {
  readonly key: string;
  readonly from_version?: string | null;
  readonly action: string;
}

export interface PastObject {
  readonly kind: "object";
  readonly key: string;
  readonly versionId?: string;
  /** The size, as far as the log knows it. */
  readonly size?: number;
  readonly modified: string;
  /** Whether the version is kept, and every client can read it. */
  readonly isReadable: boolean;
  /** Whether its bytes are held: then it can be restored, even if its version is gone. */
  readonly isHeld: boolean;
}

export type PastRow = { readonly kind: "folder"; readonly key: string } | PastObject;

/** What was below a prefix at a moment, page by page. The past does not change; only what is kept of it does. */
export function pastQuery(bucket: string, at: string, prefix: string) {
  return infiniteQueryOptions({
    queryKey: ["past", bucket, at, prefix],
    queryFn: async ({ pageParam, signal }) => {
      const query = { at, prefix, delimiter: "/", after: pageParam, limit: PAGE };
      const answer = await call(listObjectsAt, { path: { bucket }, query, signal });
      return { at: answer.at, rows: rowsOf(answer), next: answer.next ?? undefined };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    staleTime: 60_000,
    retry: false,
  });
}

function rowsOf({ prefixes, objects }: ObjectsThen): PastRow[] {
  const rows: PastRow[] = prefixes.map((key) => ({ kind: "folder", key }));
  for (const { key, version_id, size, last_modified, is_readable, is_held } of objects) {
    rows.push({
      kind: "object",
      key,
      versionId: version_id,
      size: size ?? undefined,
      modified: last_modified,
      isReadable: is_readable,
      isHeld: is_held,
    });
  }
  return rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** The rows of all pages, each once: pages are of keys, so a folder may begin on one and go on on the next. */
export function joinedRows(pages: readonly { readonly rows: readonly PastRow[] }[]): PastRow[] {
  const seen = new Set<string>();
  return pages
    .flatMap((page) => page.rows)
    .filter(({ kind, key }) => {
      const isNew = !seen.has(`${kind} ${key}`);
      seen.add(`${kind} ${key}`);
      return isNew;
    });
}

/** What is brought back: folders as a whole, and single objects. */
export interface Wanted {
  readonly bucket: string;
  /** The event as of which it is. */
  readonly at: string;
  readonly prefixes: readonly string[];
  readonly objects: readonly PastObject[];
}

/** What restoring would do. */
export interface Plan {
  readonly changes: readonly PastChange[];
  /** Whether there are more changes than are said. */
  readonly isMore: boolean;
}

/** Changes that are said before anything is done at most. */
const SAID_MAX = 2_000;

/** Whether an action changes something; the others say why nothing is done. */
export function isDone({ action }: PastChange): boolean {
  return action === "restore" || action === "hide";
}

/** Says what bringing back would change, and changes nothing. */
export async function rehearse(wanted: Wanted): Promise<Plan> {
  const changes: PastChange[] = [];
  for (const prefix of wanted.prefixes) {
    for await (const page of restoring(wanted, prefix, true)) {
      changes.push(...page.changes);
      if (changes.length >= SAID_MAX) return { changes, isMore: true };
    }
  }
  for (const object of wanted.objects) {
    const change = await changeOf(wanted, object);
    if (change !== undefined) changes.push(change);
  }
  return { changes, isMore: false };
}

/** What would become of one key. The store restores prefixes, and a key is a prefix of others too. */
async function changeOf(wanted: Wanted, { key, isReadable }: PastObject): Promise<PastChange | undefined> {
  const first = await restoring(wanted, key, true).next();
  if (first.done) return undefined;
  const { changes, next } = first.value;
  const own = changes.find((change) => change.key === key);
  if (own === undefined || own.action !== "restore") return own;
  const isAlone = changes.length === 1 && next === undefined;
  return isReadable || isAlone ? own : { ...own, action: "only_with_folder" };
}

/** Brings back what was planned. Each object that comes back is an event. */
export async function bringBack(wanted: Wanted, plan: Plan): Promise<Answered<number>> {
  let [count, requestId] = [0, undefined as string | undefined];
  for (const prefix of wanted.prefixes) {
    for await (const page of restoring(wanted, prefix, false)) {
      count += page.changes.filter(isDone).length;
      requestId = page.requestId ?? requestId;
    }
  }
  const planned = new Set(plan.changes.filter(({ action }) => action === "restore").map(({ key }) => key));
  for (const object of wanted.objects.filter(({ key }) => planned.has(key))) {
    requestId = (await bringOne(wanted, object)) ?? requestId;
    count += 1;
  }
  await queries.invalidateQueries({ queryKey: ["s3"] });
  return { answer: count, requestId };
}

async function bringOne(
  wanted: Wanted,
  { key, versionId, isReadable }: PastObject,
): Promise<string | undefined> {
  if (isReadable) return (await restoreVersion({ bucket: wanted.bucket, key, versionId })).requestId;
  let requestId: string | undefined;
  for await (const page of restoring(wanted, key, false)) requestId = page.requestId ?? requestId;
  return requestId;
}

/** The store's own restoring of everything below a prefix, page by page. */
async function* restoring({ bucket, at }: Wanted, prefix: string, isDry: boolean) {
  let next: string | undefined;
  do {
    const body = { at, prefix, dry_run: isDry, after: next };
    const { answer, requestId } = await callFor(restoreObjects, { path: { bucket }, body });
    next = answer.next ?? undefined;
    yield { changes: answer.changes, next, requestId };
  } while (next !== undefined);
}
