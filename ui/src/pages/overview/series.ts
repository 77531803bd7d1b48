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

/** The shortest span of kept figures that is a point of its own, in seconds. */
const SHORTEST_SECONDS = 5;

/** Live ticks that are joined at most. */
const JOINED_MAX = 25;

/**
 * The points of the last minutes: the figures that were kept, and behind the last of them the live ticks, as one point.
 * Single seconds beside spans of ten of them would be a line that is smooth at first and jagged at its end.
 */
export function joined(kept: readonly Tick[], live: readonly Tick[], from: number): Point[] {
  const before = kept
    .filter((tick) => tick.seconds >= SHORTEST_SECONDS)
    .map(pointOf)
    .filter((point) => point.time >= from);
  const last = before.at(-1)?.time;
  const behind = live.filter((tick) => Date.parse(tick.time) > (last ?? from));
  // More of them than belong to a point or two are drawn as they are: no figures came meanwhile.
  const isOnePoint = last !== undefined && behind.length > 0 && behind.length <= JOINED_MAX;
  const now = isOnePoint ? [pointOf(together(behind))] : behind.map(pointOf);
  // Both steps are in it; what the longer one leaves out is no gap.
  return withGaps([...before, ...now], before.length > 0 ? 10_000 : 1_000);
}

/** What ticks count together. Latencies of single seconds cannot be added up: they come with the figures that are kept. */
function together(ticks: readonly Tick[]): Tick {
  const sum = ticks.reduce((before, tick) => ({
    ...tick,
    seconds: before.seconds + tick.seconds,
    requests: added(before.requests, tick.requests),
    errors: added(before.errors, tick.errors),
    bytes_in: before.bytes_in + tick.bytes_in,
    bytes_out: before.bytes_out + tick.bytes_out,
  }));
  return { ...sum, p50_ms: {}, p99_ms: {} };
}

function added<Counts extends Record<string, number>>(one: Counts, other: Counts): Counts {
  const names = Object.keys(one) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)])) as Counts;
}
