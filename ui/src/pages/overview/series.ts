/** Points of charts from ticks. */
import type { Tick } from "@/data/telemetry";
import type { Point } from "@/parts/chart/time-chart";

/** Of a point's step, after how many without a point there is a gap. */
const GAP_STEPS = 2.5;

/** What a tick says, a second. */
export function pointOf(tick: Tick): Point {
  const seconds = Math.max(tick.seconds, 0.001);
  const { requests, errors } = tick;
  return {
    time: Date.parse(tick.time),
    reads: (requests.read + requests.list) / seconds,
    writes: (requests.write + requests.delete) / seconds,
    errors: (errors.client + errors.server) / seconds,
    in: tick.bytes_in / seconds,
    out: tick.bytes_out / seconds,
    readP50: tick.p50_ms.read ?? null,
    readP99: tick.p99_ms.read ?? null,
    writeP50: tick.p50_ms.write ?? null,
    writeP99: tick.p99_ms.write ?? null,
  };
}

/** Points in the order of time, each once, with a gap where some are missing. */
export function withGaps(points: readonly Point[], stepMs: number): Point[] {
  const ordered = points.toSorted((a, b) => a.time - b.time);
  const result: Point[] = [];
  for (const point of ordered) {
    const last = result.at(-1);
    if (last !== undefined && point.time === last.time) continue;
    if (last !== undefined && point.time - last.time > stepMs * GAP_STEPS) {
      const nothing = Object.fromEntries(Object.keys(point).map((key) => [key, null]));
      result.push({ ...nothing, time: last.time + stepMs } as Point);
    }
    result.push(point);
  }
  return result;
}

/**
 * The points of the last minutes: the figures that were kept, and behind the last of them the live ticks. Seconds beside
 * spans of ten of them would be a line that is smooth at first and jagged at its end.
 */
export function joined(kept: readonly Tick[], live: readonly Tick[], from: number): Point[] {
  const before = kept.map(pointOf).filter((point) => point.time >= from);
  const last = before.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
  const now = live.map(pointOf).filter((point) => point.time >= from && point.time > last);
  // Both steps are in it; what the longer one leaves out is no gap.
  return withGaps([...before, ...now], before.length > 0 ? 10_000 : 1_000);
}
