/** One object: what is known of it, and what is changed about it. */
import { queryOptions } from "@tanstack/react-query";
import type { Answered } from "../call";
import { Refused, send } from "../http";
import { bucketAddress, objectAddress } from "./address";
import { readXml, writeXml } from "./xml";

/** An object or one of its versions. */
export interface At {
  readonly bucket: string;
  readonly key: string;
  /** The version; the current one if it is absent. */
  readonly versionId?: string;
}

export interface Head {
  readonly size: number;
  readonly type: string;
  readonly etag: string;
  readonly modified: string;
  readonly versionId?: string;
  readonly storageClass: string;
  readonly encryption?: string;
  readonly kmsKey?: string;
  /** Headers such as `cache-control` that are returned with it. */
  readonly headers: readonly (readonly [string, string])[];
  readonly metadata: readonly (readonly [string, string])[];
  readonly checksum?: { readonly algorithm: string; readonly value: string };
  readonly parts?: number;
  readonly expiration?: string;
  readonly lockMode?: string;
  readonly lockUntil?: string;
  readonly hasLegalHold: boolean;
}

const RETURNED = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
] as const;
const META = "x-amz-meta-";
const CHECKSUM = "x-amz-checksum-";

/** Reads what the headers of an object say. `content-disposition` is the console's own, and left out. */
export function readHead(headers: Headers): Head {
  const get = (name: string) => headers.get(name) ?? undefined;
  const entries = [...headers.entries()];
  const checksum = entries.find(([name]) => name.startsWith(CHECKSUM) && name !== `${CHECKSUM}type`);
  const parts = Number(get("etag")?.match(/-(\d+)"?$/)?.[1]);
  return {
    size: Number(get("content-length") ?? 0),
    type: get("content-type") ?? "application/octet-stream",
    etag: (get("etag") ?? "").replaceAll('"', ""),
    modified: new Date(get("last-modified") ?? 0).toISOString(),
    versionId: get("x-amz-version-id"),
    storageClass: get("x-amz-storage-class") ?? "STANDARD",
    encryption: get("x-amz-server-side-encryption"),
    kmsKey: get("x-amz-server-side-encryption-aws-kms-key-id"),
    headers: RETURNED.filter(
      (name) => name !== "content-disposition" && name !== "cache-control" && name !== "expires",
    ).flatMap((name) => {
      const value = get(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
    metadata: entries
      .filter(([name]) => name.startsWith(META))
      .map(([name, value]) => [name.slice(META.length), unmojibake(value)] as const),
    checksum: checksum && {
      algorithm: checksum[0].slice(CHECKSUM.length).toUpperCase(),
      value: checksum[1],
    },
    parts: Number.isFinite(parts) && parts > 0 ? parts : undefined,
    expiration: get("x-amz-expiration"),
    lockMode: get("x-amz-object-lock-mode"),
    lockUntil: get("x-amz-object-lock-retain-until-date"),
    hasLegalHold: get("x-amz-object-lock-legal-hold") === "ON",
  };
}

/** Browsers read headers as Latin-1; the store returns bytes as they were sent, which are UTF-8 as a rule. */
function unmojibake(value: string): string {
  try {
    const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return value;
  }
}

/** The bytes of UTF-8 as a header of a browser takes them. */
export function asHeader(value: string): string {
  return String.fromCharCode(...new TextEncoder().encode(value));
}

const key = ({ bucket, key, versionId }: At, what: string) => ["s3", what, bucket, key, versionId ?? null];
const version = ({ versionId }: At) => ({ versionId });

export function headQuery(at: At) {
  return queryOptions({
    queryKey: key(at, "head"),
    queryFn: async ({ signal }) => {
      const address = objectAddress(at.bucket, at.key, version(at));
      const response = await send(address, { method: "HEAD", signal, rawRefusal: true });
      if (response.ok) return readHead(response.headers);
      throw new Refused(response.status, String(response.status), headRefusal(response));
    },
    staleTime: 5_000,
    meta: { nouns: ["object"] },
  });
}

/** The answer to HEAD has no body that could say it. */
function headRefusal(response: Response): string {
  if (response.headers.get("x-amz-delete-marker") === "true")
    return "This object was deleted. A version of it can be restored.";
  if (response.status === 404) return "There is no such object.";
  if (response.status === 403) return "You may not read this object.";
  if (response.status === 400)
    return "The object is encrypted with a key that its reader has to bring along, which a browser cannot.";
  return `The store answered ${response.status}.`;
}

export type Tags = readonly (readonly [string, string])[];

export function tagsQuery(at: At) {
  return queryOptions({
    queryKey: key(at, "tags"),
    queryFn: async ({ signal }): Promise<Tags> => {
      const address = objectAddress(at.bucket, at.key, { tagging: "", ...version(at) });
      return readTags(await (await send(address, { signal })).text());
    },
    staleTime: 5_000,
    meta: { nouns: ["object"] },
  });
}

export function readTags(text: string, parser?: DOMParser): Tags {
  const set = readXml(text, "Tagging", parser).child("TagSet");
  return (set?.children("Tag") ?? []).map((tag) => [tag.need("Key"), tag.need("Value")] as const);
}

export function tagging(tags: Tags): string {
  return writeXml("Tagging", { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } });
}

/** Sends a change, and says by which id its event names it. */
export async function change(
  address: string,
  method: "PUT" | "POST" | "DELETE",
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answered<Response>> {
  const sent = body === undefined ? headers : { "content-type": "application/xml", ...headers };
  const response = await send(address, { method, body, headers: sent });
  return { answer: response, requestId: response.headers.get("x-amz-request-id") ?? undefined };
}

export function putTags(at: At, tags: Tags) {
  const address = objectAddress(at.bucket, at.key, { tagging: "", ...version(at) });
  return tags.length === 0 ? change(address, "DELETE") : change(address, "PUT", tagging(tags));
}

export interface Retention {
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  readonly until: string;
}

export function putRetention(at: At, retention: Retention | undefined, isBypassing: boolean) {
  const address = objectAddress(at.bucket, at.key, { retention: "", ...version(at) });
  const body = writeXml(
    "Retention",
    retention === undefined ? {} : { Mode: retention.mode, RetainUntilDate: retention.until },
  );
  return change(address, "PUT", body, isBypassing ? { "x-amz-bypass-governance-retention": "true" } : {});
}

export function putLegalHold(at: At, isOn: boolean) {
  const address = objectAddress(at.bucket, at.key, { "legal-hold": "", ...version(at) });
  return change(address, "PUT", writeXml("LegalHold", { Status: isOn ? "ON" : "OFF" }));
}

export interface Described {
  readonly type: string;
  readonly metadata: Tags;
}

/** The source of a copy. */
function source({ bucket, key, versionId }: At): string {
  const path = `${encodeURIComponent(bucket)}/${encodeURIComponent(key)}`;
  return versionId === undefined ? path : `${path}?versionId=${encodeURIComponent(versionId)}`;
}

/** Gives an object another type and metadata: a copy onto itself, which is a new version where there are versions. */
export function describe(at: At, { type, metadata }: Described) {
  const headers: Record<string, string> = {
    "x-amz-copy-source": source(at),
    "x-amz-metadata-directive": "REPLACE",
    "content-type": type,
  };
  for (const [name, value] of metadata) headers[META + name.toLowerCase()] = asHeader(value);
  return copied(change(objectAddress(at.bucket, at.key), "PUT", undefined, headers));
}

/** Makes a version the current one: a copy of it onto its key. */
export function restoreVersion(at: At) {
  const headers = { "x-amz-copy-source": source(at) };
  return copied(change(objectAddress(at.bucket, at.key), "PUT", undefined, headers));
}

/** A copy may fail after it was answered with 200. */
async function copied(changed: Promise<Answered<Response>>): Promise<Answered<Response>> {
  const { answer, requestId } = await changed;
  const text = await answer.text();
  if (!/<Error>/.test(text)) return { answer, requestId };
  const message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? "The copy failed.";
  throw new Refused(500, /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? "InternalError", message);
}

/** Deletes a version for ever, or the object: where there are versions, that hides it. */
export function deleteOne(at: At) {
  return change(objectAddress(at.bucket, at.key, version(at)), "DELETE");
}

/** Makes an empty object whose key ends with a slash, which shows as a folder. */
export function createFolder(bucket: string, prefix: string) {
  return change(objectAddress(bucket, prefix), "PUT", "", { "content-type": "application/x-directory" });
}

export interface NotDeleted {
  readonly key: string;
  readonly message: string;
}

/** Deletes up to a thousand keys or versions at once. Those that were not deleted are said with the reason. */
export async function deleteMany(
  bucket: string,
  objects: readonly { key: string; versionId?: string }[],
): Promise<Answered<NotDeleted[]>> {
  const body = writeXml("Delete", {
    Quiet: true,
    Object: objects.map(({ key, versionId }) => ({ Key: key, VersionId: versionId })),
  });
  const sum = checksum(body);
  const { answer, requestId } = await change(bucketAddress(bucket, { delete: "" }), "POST", body, sum);
  const root = readXml(await answer.text(), "DeleteResult");
  const failed = root.children("Error").map((each) => ({
    key: each.text("Key") ?? "",
    message: each.text("Message") ?? each.text("Code") ?? "It was refused.",
  }));
  return { answer: failed, requestId };
}

/** S3 wants a checksum of the list of what is to be deleted. Pages that came without TLS have no SHA-256, but CRC32. */
function checksum(body: string): Record<string, string> {
  const bytes = new TextEncoder().encode(body);
  const value = new Uint8Array(4);
  new DataView(value.buffer).setUint32(0, crc32(bytes));
  return { "x-amz-checksum-crc32": btoa(String.fromCharCode(...value)) };
}

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The first bytes of an object as text, for a preview; and whether that is all of it. */
export function textQuery(at: At, size: number, most: number) {
  return queryOptions({
    queryKey: [...key(at, "text"), size, most],
    queryFn: async ({ signal }) => {
      const address = objectAddress(at.bucket, at.key, version(at));
      const headers: Record<string, string> = size > most ? { range: `bytes=0-${most - 1}` } : {};
      const bytes = await (await send(address, { headers, signal })).arrayBuffer();
      return { text: new TextDecoder().decode(bytes), isWhole: size <= most };
    },
    staleTime: 60_000,
  });
}
