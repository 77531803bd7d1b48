/** Addresses of S3 at the console's own origin. */

/** Where S3 requests go, with the session in place of a signature. */
const S3 = "/api/v1/s3";

/** The values of a query. One without a value is a sub-resource: `{ tagging: "" }` is `?tagging`. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** The address of a bucket. */
export function bucketAddress(bucket: string, query: Query = {}): string {
  return `${S3}/${encodeURIComponent(bucket)}${queryOf(query)}`;
}

/** The part of the query that names the key in place of the path. */
const KEY = "x-planetstore-key";

/**
 * The address of an object. Slashes are encoded too: a browser would take `..` between slashes for the folder above.
 * The keys `.` and `..` go in the query: a browser takes them off a path, however they are encoded.
 */
export function objectAddress(bucket: string, key: string, query: Query = {}): string {
  if (key === "." || key === "..") return bucketAddress(bucket, { [KEY]: key, ...query });
  return `${S3}/${encodeURIComponent(bucket)}/${encodeURIComponent(key)}${queryOf(query)}`;
}

/** Whether a browser can send a request for a key. */
export function hasAddress(key: string): boolean {
  // U+FFFD stands for bytes that are no UTF-8, or for halves of characters.
  return !new TextDecoder().decode(new TextEncoder().encode(key)).includes("\uFFFD");
}

function queryOf(query: Query): string {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) =>
      value === ""
        ? encodeURIComponent(name)
        : `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
    );
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
