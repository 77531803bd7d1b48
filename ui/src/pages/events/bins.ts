/** How many events of each noun happened when. */
import { type LogEvent, nounOf } from "@/data/event";

export interface Bin {
  readonly from: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly total: number;
}

/** Divides a span into bins of equal length. */
export function binsOf(events: readonly LogEvent[], from: number, to: number, count: number): Bin[] {
  const width = (to - from) / count;
  const bins = Array.from({ length: count }, (_, place) => ({
    from: from + place * width,
    counts: {} as Record<string, number>,
    total: 0,
  }));
  for (const event of events) {
    const bin = bins[Math.floor((Date.parse(event.time) - from) / width)];
    if (bin === undefined) continue;
    const noun = nounOf(event.type);
    bin.counts[noun] = (bin.counts[noun] ?? 0) + 1;
    bin.total += 1;
  }
  return bins;
}
