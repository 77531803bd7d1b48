/** What a question about a right is about: `photos/2026/x.jpg` is a bucket and a key. */
export function placeOf(typed: string): { bucket?: string; key?: string } {
  const path = typed.trim().replace(/^(s3:\/\/|arn:aws:s3:::)/, "");
  const slash = path.indexOf("/");
  const bucket = slash < 0 ? path : path.slice(0, slash);
  const key = slash < 0 ? "" : path.slice(slash + 1);
  return { bucket: bucket || undefined, key: key || undefined };
}
