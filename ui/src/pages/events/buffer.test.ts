import { describe, expect, test } from "vitest";
import type { LogEvent } from "@/data/event";
import { below, EMPTY, KEPT_MAX, release, take } from "./buffer";

function events(from: number, count: number): LogEvent[] {
  return Array.from({ length: count }, (_, place) => ({
    specversion: "1.0",
    id: String(from + place),
    type: "io.planetstore.object.created.v1",
    source: "",
    time: "",
    sequence: String(from + place).padStart(20, "0"),
    data: {},
  }));
}

const ids = (list: readonly LogEvent[]) => list.map((event) => Number(event.id));

describe("the stream", () => {
  test("shows the newest first", () => {
    expect(ids(take(take(EMPTY, events(1, 2), false), events(3, 2), false).shown)).toEqual([4, 3, 2, 1]);
  });

  test("keeps still while it is read, and shows all of it then", () => {
    const still = take(take(EMPTY, events(1, 2), false), events(3, 2), true);
    expect(ids(still.shown)).toEqual([2, 1]);
    expect(ids(release(still).shown)).toEqual([4, 3, 2, 1]);
  });

  test("what waits comes before what follows", () => {
    const still = take(EMPTY, events(1, 2), true);
    expect(ids(take(still, events(3, 1), false).shown)).toEqual([3, 2, 1]);
  });

  test("counts what it could not keep for a reader who is away", () => {
    const away = take(take(EMPTY, events(1, KEPT_MAX), true), events(KEPT_MAX + 1, 5), true);
    expect(away.held).toHaveLength(KEPT_MAX);
    expect(away.leftOut).toBe(5);
    expect(ids(away.held)[0]).toBe(KEPT_MAX + 5);
  });

  test("older events come below, each once", () => {
    const live = take(EMPTY, events(5, 2), false);
    expect(ids(below(live, events(3, 3).toReversed()).shown)).toEqual([6, 5, 4, 3]);
  });

  test("is of bounded length", () => {
    expect(take(EMPTY, events(1, KEPT_MAX + 9), false).shown).toHaveLength(KEPT_MAX);
  });
});
