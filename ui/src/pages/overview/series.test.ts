import { expect, test } from "vitest";
import type { Tick } from "@/data/telemetry";
import { joined, pointOf, withGaps } from "./series";

function tick(time: string, reads: number, seconds = 1): Tick {
  return {
    time,
    seconds,
    requests: { read: reads, write: 0, list: 0, delete: 0, other: 0 },
    errors: { client: 0, server: 0 },
    bytes_in: 0,
    bytes_out: 0,
    p50_ms: {},
    p99_ms: {},
    operations: [],
    nodes: [],
    active_users: 0,
    sequence: 0,
    objects: null,
    bytes: null,
    stored_bytes: null,
  };
}

test("what a longer tick counts is divided by its seconds", () => {
  expect(pointOf(tick("2026-11-22T12:00:00Z", 50, 10)).reads).toBe(5);
});

test("what is not measured is no zero", () => {
  expect(pointOf(tick("2026-11-22T12:00:00Z", 1)).readP99).toBeNull();
});

test("missing points are a gap", () => {
  const points = withGaps(
    [
      { time: 0, reads: 1 },
      { time: 1_000, reads: 2 },
      { time: 9_000, reads: 3 },
    ],
    1_000,
  );
  expect(points.map((point) => point.reads)).toEqual([1, 2, null, 3]);
});

test("live ticks are one point behind what was kept", () => {
  const kept = [tick("2026-11-22T12:00:00Z", 100, 10), tick("2026-11-22T12:00:10Z", 100, 10)];
  const live = ["10", "11", "12"].map((second, place) => tick(`2026-11-22T12:00:${second}Z`, place + 1));
  expect(joined(kept, live, 0).map((point) => point.reads)).toEqual([10, 10, 2.5]);
  expect(joined([], live, 0).map((point) => point.reads)).toEqual([1, 2, 3]);
});
