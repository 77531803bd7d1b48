/** Sizes as people type them. */

/** The power of two of each unit. */
const UNITS: Record<string, number> = { k: 10, m: 20, g: 30, t: 40, p: 50 };

/** The bytes of `10 GiB`, `1.5T`, `500 mb` or `1000`; `undefined` if it is none. Units are binary. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*([\d.,_ ]*\d)\s*([kmgtp]?)(i?b)?\s*$/i.exec(text);
  const digits = match?.[1]?.replace(/[,_ ]/g, "");
  if (match === null || digits === undefined || !/^\d+(\.\d+)?$/.test(digits)) return undefined;
  const unit = (match[2] ?? "").toLowerCase();
  const power = UNITS[unit] ?? 0;
  const bytes = Math.round(Number(digits) * 2 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes in the largest unit that shows them exactly. */
export function sizeText(bytes: number): string {
  for (const [unit, power] of [
    ["PiB", 50],
    ["TiB", 40],
    ["GiB", 30],
    ["MiB", 20],
    ["KiB", 10],
  ] as const) {
    const value = bytes / 2 ** power;
    if (value >= 1 && Number.isInteger(value)) return `${value} ${unit}`;
  }
  return String(bytes);
}
