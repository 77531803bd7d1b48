/** What is wrong with the name of a new bucket; absent if nothing is. The rules are those of S3. */
export function nameProblem(name: string): string | undefined {
  if (name.length < 3 || name.length > 63) return "A name has 3 to 63 characters.";
  if (/[A-Z]/.test(name)) return "A name has lower-case letters only.";
  if (!/^[a-z0-9.-]+$/.test(name)) return "A name has letters, digits, dots and hyphens only.";
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) return "A name begins and ends with a letter or a digit.";
  if (name.includes("..")) return "A name has no two dots in a row.";
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return "A name is not an IP address.";
  if (/^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3)$/.test(name))
    return "This beginning or end of a name is reserved.";
  return undefined;
}

const UNITS: Record<string, number> = {
  "": 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
};

/** Bytes as people write them: `500 GiB`, `1.5T`; absent if it is no size. */
export function parseBytes(text: string): number | undefined {
  const found = /^(\d+(?:[.,]\d+)?)\s*([kmgtp]?)(i?b)?$/i.exec(text.trim());
  if (!found?.[1]) return undefined;
  const bytes = Math.round(Number(found[1].replace(",", ".")) * (UNITS[(found[2] ?? "").toLowerCase()] ?? 1));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
