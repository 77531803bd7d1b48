/** How far behind destinations were since the page was opened. */
import { type ReplicatedTo, wayId } from "@/data/replication";
import type { Point } from "@/parts/chart";
import { behindOf } from "./way-state";

/** How long it is kept, in milliseconds. */
export const KEPT_MS = 30 * 60_000;
/** After how long without a report there is a gap, in milliseconds. */
const GAP_MS = 10_000;
/** Lines of the chart at most. */
const LINES_MAX = 5;

export interface LagHistory {
  readonly points: readonly Point[];
  /** The last report of each destination. */
  readonly last: Readonly<Record<string, ReplicatedTo>>;
}

export const NO_HISTORY: LagHistory = { points: [], last: {} };

/** Adds what was reported at a time. A destination without a report has a gap. */
export function grown(history: LagHistory, time: number, ways: readonly ReplicatedTo[]): LagHistory {
  const before = history.points.at(-1);
  if (before !== undefined && time <= before.time) return history;
  const values: Record<string, number | null> = {};
  const last: Record<string, ReplicatedTo> = { ...history.last };
  for (const way of ways) {
    values[wayId(way)] = behindOf(way.lag).seconds ?? null;
    last[wayId(way)] = way;
  }
  const kept = history.points.filter((point) => point.time > time - KEPT_MS);
  const isLate = before !== undefined && time - before.time > GAP_MS;
  const gap = isLate ? [{ time: before.time + 1 }] : [];
  return { points: [...kept, ...gap, { ...values, time }], last };
}

/** The destinations that were farthest behind, which the chart has lines for, in the order of their names. */
export function farthest({ points, last }: LagHistory): ReplicatedTo[] {
  const most = new Map<string, number>();
  for (const { time: _, ...values } of points) {
    for (const [id, seconds] of Object.entries(values)) {
      if (typeof seconds === "number") most.set(id, Math.max(most.get(id) ?? 0, seconds));
    }
  }
  const ids = [...most].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, LINES_MAX);
  return ids
    .map(([id]) => id)
    .sort()
    .flatMap((id) => last[id] ?? []);
}
