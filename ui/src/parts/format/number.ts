const COUNT = new Intl.NumberFormat("en-US");
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/** A count in full: `1,204,331`. */
export function count(value: number): string {
  return COUNT.format(value);
}

/** A count that is short: `12.4k`. For axes and small cards, with the exact one beside or on hover. */
export function short(value: number): string {
  const steps: [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [step, suffix] of steps) {
    if (Math.abs(value) >= step) return `${digits(value / step)}${suffix}`;
  }
  return digits(value);
}

/** Bytes in binary units: `1.5 GiB`. */
export function bytes(value: number): string {
  let unit = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 1024 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  // 1023.96 KiB would be rounded to 1024 KiB.
  if (Math.abs(scaled) >= 1023.5 && unit > 0 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${count(Math.round(scaled))} B` : `${digits(scaled)} ${UNITS[unit]}`;
}

/** Bytes in full: `1,610,612,736 bytes`. */
export function exactBytes(value: number): string {
  return `${count(value)} ${value === 1 ? "byte" : "bytes"}`;
}

/** Three digits that matter. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1000) return String(value);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}

/** Milliseconds: `0.42 ms`, `1.8 s`. */
export function milliseconds(value: number): string {
  return value < 1_000 ? `${digits(value)} ms` : `${digits(value / 1_000)} s`;
}

/** A share: `83 %`. Only nothing is 0 % and only all of it is 100 %. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return "0 %";
  const share = (part / whole) * 100;
  if (share > 0 && share < 1) return "< 1 %";
  if (share > 99 && share < 100) return "> 99 %";
  return `${Math.round(share)} %`;
}

/** A number and its noun: `1 object`, `2 objects`. */
export function plural(value: number, noun: string, many = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : many}`;
}

/** How many there are for each one that is stored: `1.09 : 1`, `10,000 : 1`. */
export function ratio(value: number): string {
  return `${value < 99.995 ? value.toFixed(2) : count(Math.round(value))} : 1`;
}
