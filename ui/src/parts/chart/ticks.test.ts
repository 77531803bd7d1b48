import { expect, test } from "vitest";
import { byteTicks, timeTicks } from "./ticks";

const HOUR = 3_600_000;

test("times are round on the reader's clock", () => {
  const from = Date.parse("2026-11-29T00:13:00Z");
  const { ticks, step } = timeTicks(from, from + 24 * HOUR, 0);
  expect(step).toBe(6 * HOUR);
  expect(ticks.map((at) => new Date(at).toISOString().slice(11, 16))).toEqual([
    "06:00",
    "12:00",
    "18:00",
    "00:00",
  ]);
  // Half an hour ahead of UTC.
  const { ticks: ahead } = timeTicks(from, from + 24 * HOUR, HOUR / 2);
  expect(new Date(ahead[0] ?? 0).toISOString().slice(11, 16)).toBe("05:30");
});

test.each([0, 60_000, 300_000, HOUR, 24 * HOUR, 168 * HOUR, 720 * HOUR, 8_766 * HOUR, 90_000 * HOUR])(
  "a span of %d ms has a few marks",
  (span) => {
    const { ticks } = timeTicks(1_000, 1_000 + span, 0);
    expect(ticks.length).toBeLessThanOrEqual(span > 8_766 * HOUR ? 11 : 7);
  },
);

test("bytes are marked in units of two, and the last mark holds all", () => {
  expect(byteTicks(0)).toEqual([0, 1]);
  expect(byteTicks(57 << 20)).toEqual([0, 16 << 20, 32 << 20, 48 << 20, 64 << 20]);
  expect(byteTicks(1e15).at(-1)).toBeGreaterThanOrEqual(1e15);
  expect(byteTicks(1e15).length).toBeLessThanOrEqual(5);
});
