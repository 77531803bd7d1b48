/** What an event is about, as people write it: a bucket, a key in it, or all keys that begin alike. */

export interface About {
  readonly bucket?: string;
  readonly key?: string;
  readonly prefix?: string;
}

/** Understands `photos`, `photos/cat.jpg`, and `photos/2026/*` for all keys that begin with `2026/`. */
export function parseAbout(text: string): About {
  const wanted = text.trim().replace(/^s3:\/\//, "");
  const slash = wanted.indexOf("/");
  const bucket = slash < 0 ? wanted : wanted.slice(0, slash);
  if (bucket === "") return {};
  const rest = slash < 0 ? "" : wanted.slice(slash + 1);
  if (rest === "" || rest === "*") return { bucket };
  return rest.endsWith("*") ? { bucket, prefix: rest.slice(0, -1) } : { bucket, key: rest };
}

/** As [parseAbout] understands it. */
export function aboutText({ bucket, key, prefix }: About): string {
  if (bucket === undefined) return "";
  if (key !== undefined) return `${bucket}/${key}`;
  return prefix === undefined ? bucket : `${bucket}/${prefix}*`;
}
