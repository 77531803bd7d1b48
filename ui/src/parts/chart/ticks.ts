/** Where the axes of charts have their marks: at round times and round numbers. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[10, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30, 60, 90, 180, 365].map((days) => days * DAY),
];
/** Marks of an axis at most. */
const MARKS_MAX = 6;

export interface TimeTicks {
  readonly ticks: number[];
  readonly step: number;
}

/** Round times of a span. `zone` is how many milliseconds the reader's clock is ahead of UTC. */
export function timeTicks(from: number, to: number, zone: number): TimeTicks {
  const step = STEPS.find((each) => (to - from) / each <= MARKS_MAX) ?? STEPS.at(-1) ?? DAY;
  const ticks: number[] = [];
  for (let at = Math.ceil((from + zone) / step) * step - zone; at <= to; at += step) ticks.push(at);
  return { ticks, step };
}

/** The words for a mark: a day, a time of day, or both where a day begins. */
export function timeLabel(time: number, step: number): string {
  const date = new Date(time);
  const isDay = step >= DAY || (step >= HOUR && date.getHours() === 0 && date.getMinutes() === 0);
  if (isDay) return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const seconds = step < MINUTE ? ({ second: "2-digit" } as const) : {};
  return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...seconds });
}

/** Marks of bytes: powers of two, as their units are, up to the first that holds all. */
export function byteTicks(most: number): number[] {
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(most, 1) / 4)));
  return Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, mark) => mark * step);
}
