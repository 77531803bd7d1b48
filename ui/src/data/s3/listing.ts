/** Pages of what is in a bucket, in the order of keys: folders and objects together, as the server has them. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { send } from "../http";
import { bucketAddress } from "./address";
import { type Element, readXml } from "./xml";

/** Keys and folders on a page; S3 has no larger ones. */
export const PAGE = 1_000;

export interface FolderRow {
  readonly kind: "folder";
  /** The prefix of all that is in it; it ends with the delimiter. */
  readonly key: string;
}

export interface ObjectRow {
  readonly kind: "object";
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modified: string;
}

/** A key whose current version is a delete marker: it can be brought back. */
export interface DeletedRow {
  readonly kind: "deleted";
  readonly key: string;
  readonly markerId: string;
  readonly modified: string;
}

export type Row = FolderRow | ObjectRow | DeletedRow;

export interface Page {
  readonly rows: Row[];
  /** What the next page is asked for with; absent at the end. */
  readonly next?: Readonly<Record<string, string>>;
}

export interface Version {
  readonly key: string;
  readonly id: string;
  readonly isLatest: boolean;
  readonly isMarker: boolean;
  readonly size: number;
  readonly etag: string;
  readonly modified: string;
}

/** Keys come encoded, so that every key arrives; bytes that are no UTF-8 are shown as U+FFFD. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    const bytes: number[] = [];
    for (let at = 0; at < text.length; at += 1) {
      const isEncoded = text[at] === "%";
      bytes.push(isEncoded ? Number.parseInt(text.slice(at + 1, at + 3), 16) : text.charCodeAt(at));
      if (isEncoded) at += 2;
    }
    return new TextDecoder().decode(new Uint8Array(bytes));
  }
}

function inOrder<T extends { readonly key: string }>(rows: T[]): T[] {
  // The server orders by bytes. This is the same but for characters beyond U+FFFF, which only moves rows within a page.
  return rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

function folders(root: Element): FolderRow[] {
  return root
    .children("CommonPrefixes")
    .map((each) => ({ kind: "folder", key: decoded(each.need("Prefix")) }));
}

/** A page of ListObjectsV2. */
export function readObjects(text: string, parser?: DOMParser): Page {
  const root = readXml(text, "ListBucketResult", parser);
  const objects = root.children("Contents").map(
    (each): ObjectRow => ({
      kind: "object",
      key: decoded(each.need("Key")),
      size: each.number("Size"),
      etag: each.need("ETag").replaceAll('"', ""),
      modified: each.need("LastModified"),
    }),
  );
  const token = root.text("NextContinuationToken");
  return {
    rows: inOrder<Row>([...folders(root), ...objects]),
    next: root.is("IsTruncated") && token ? { "continuation-token": token } : undefined,
  };
}

/** The versions of a page of ListObjectVersions, in their order: newest first for each key. */
export function readVersions(
  text: string,
  parser?: DOMParser,
): { versions: Version[]; folders: FolderRow[]; next: Page["next"] } {
  const root = readXml(text, "ListVersionsResult", parser);
  const read = (each: Element, isMarker: boolean): Version => ({
    key: decoded(each.need("Key")),
    id: each.need("VersionId"),
    isLatest: each.is("IsLatest"),
    isMarker,
    size: isMarker ? 0 : each.number("Size"),
    etag: isMarker ? "" : each.need("ETag").replaceAll('"', ""),
    modified: each.need("LastModified"),
  });
  const versions = [
    ...root.children("Version").map((each) => read(each, false)),
    ...root.children("DeleteMarker").map((each) => read(each, true)),
  ];
  const newest = (a: Version, b: Version) =>
    Number(b.isLatest) - Number(a.isLatest) || Date.parse(b.modified) - Date.parse(a.modified);
  versions.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : newest(a, b)));
  const [key, id] = [root.text("NextKeyMarker"), root.text("NextVersionIdMarker")];
  const next =
    root.is("IsTruncated") && key
      ? { "key-marker": decoded(key), ...(id ? { "version-id-marker": id } : {}) }
      : undefined;
  return { versions, folders: folders(root), next };
}

/** A page of ListObjectVersions as rows: what is there, and what was deleted and can be brought back. */
export function readWithDeleted(text: string, parser?: DOMParser): Page {
  const { versions, folders, next } = readVersions(text, parser);
  const latest = versions
    .filter((version) => version.isLatest)
    .map(
      ({ key, id, isMarker, size, etag, modified }): Row =>
        isMarker
          ? { kind: "deleted", key, markerId: id, modified }
          : { kind: "object", key, size, etag, modified },
    );
  return { rows: inOrder<Row>([...folders, ...latest]), next };
}

/** Asks for a page below a prefix. Without a delimiter there are no folders. */
export async function listPage(
  asked: {
    bucket: string;
    prefix: string;
    delimiter?: string;
    hasDeleted?: boolean;
    next?: Page["next"];
    limit?: number;
  },
  signal?: AbortSignal,
): Promise<Page> {
  const { bucket, prefix, delimiter, hasDeleted, next, limit = PAGE } = asked;
  const common = {
    prefix: prefix || undefined,
    delimiter,
    "encoding-type": "url",
    "max-keys": limit,
    ...next,
  };
  const query = hasDeleted ? { versions: "", ...common } : { "list-type": 2, ...common };
  const text = await (await send(bucketAddress(bucket, query), { signal })).text();
  return hasDeleted ? readWithDeleted(text) : readObjects(text);
}

/** What is below a prefix, page by page. */
export function listingQuery(bucket: string, prefix: string, hasDeleted: boolean) {
  return infiniteQueryOptions({
    queryKey: ["s3", "list", bucket, prefix, hasDeleted],
    queryFn: ({ pageParam, signal }) =>
      listPage({ bucket, prefix, delimiter: "/", hasDeleted, next: pageParam }, signal),
    initialPageParam: undefined as Page["next"],
    getNextPageParam: (page) => page.next,
    // The page follows the events of its folder, and asks anew when that moves nothing under the pointer.
    staleTime: 5_000,
  });
}

/** The versions of one key, newest first, page by page. */
export function versionsQuery(bucket: string, key: string) {
  return infiniteQueryOptions({
    queryKey: ["s3", "versions", bucket, key],
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        versions: "",
        prefix: key,
        "encoding-type": "url",
        "max-keys": VERSIONS_PAGE,
        ...pageParam,
      };
      const text = await (await send(bucketAddress(bucket, query), { signal })).text();
      const { versions, next } = readVersions(text);
      const own = versions.filter((version) => version.key === key);
      // The prefix of a key is that of others too, which come behind it.
      const isMore = next !== undefined && next["key-marker"] === key;
      return { versions: own, next: isMore ? next : undefined };
    },
    initialPageParam: undefined as Page["next"],
    getNextPageParam: (page) => page.next,
    staleTime: 5_000,
    meta: { nouns: ["object"] },
  });
}

const VERSIONS_PAGE = 100;
